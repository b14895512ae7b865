import { inert } from '../capture/inert.ts';
import type { Fact, Found, FoundCommunity, FoundEntity, FoundEpisode } from '../search/found.ts';
import { oneLine, shortened } from '../text.ts';

const LONGEST = 400;

/** The answer for people and language models: one bullet for each thing that was found, best first. */
export function bulletList({ facts, episodes, entities = [], communities = [] }: Found): string {
  const bullets = [
    ...facts.map((fact) => ({ score: fact.score, text: factBullet(fact) })),
    ...episodes.map((episode) => ({ score: episode.score, text: episodeBullet(episode) })),
    ...entities.map((entity) => ({ score: entity.score, text: entityBullet(entity) })),
    ...communities.map((community) => ({ score: community.score, text: communityBullet(community) })),
  ];
  if (bullets.length === 0) return 'Nothing found.';
  return bullets
    .sort((a, b) => b.score - a.score)
    .map(({ text }) => inert(oneLine(text)))
    .join('\n');
}

function factBullet({ fact, source, target, validAt, invalidAt }: Fact): string {
  const ends = [source, target].filter((name) => !fact.includes(name)).join(', ');
  const about = [ends, period(validAt, invalidAt)].filter((part) => part !== '').join('; ');
  return `- ${shortened(oneLine(fact), LONGEST)}${about ? ` (${about})` : ''}`;
}

function episodeBullet({ excerpt, referenceTime }: FoundEpisode): string {
  return `- ${shortened(oneLine(excerpt), LONGEST)} (said ${day(referenceTime)})`;
}

function entityBullet({ name, type, summary }: FoundEntity): string {
  return `- ${oneLine(name)}${type === 'Entity' ? '' : ` (${type})`}${told(summary)}`;
}

function communityBullet({ name, summary }: FoundCommunity): string {
  return `- ${oneLine(name)}${told(summary)}`;
}

function told(summary: string): string {
  const text = shortened(oneLine(summary), LONGEST);
  return text === '' ? '' : `: ${text}`;
}

export function period(from: string | null, to: string | null): string {
  if (from && to) return `${day(from)} to ${day(to)}`;
  if (from) return `since ${day(from)}`;
  return to ? `until ${day(to)}` : '';
}

export function day(time: string): string {
  return time.slice(0, 10);
}
