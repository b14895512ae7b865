import type { Fact, Found, FoundEpisode } from '../search/merge.ts';
import { oneLine, shortened } from '../text.ts';

const LONGEST = 400;

/** The answer for people and language models: one bullet for each fact and each episode, best first. */
export function bulletList({ facts, episodes }: Found): string {
  const bullets = [
    ...facts.map((fact) => ({ score: fact.score, text: factBullet(fact) })),
    ...episodes.map((episode) => ({ score: episode.score, text: episodeBullet(episode) })),
  ];
  if (bullets.length === 0) return 'Nothing found.';
  return bullets
    .sort((a, b) => b.score - a.score)
    .map(({ text }) => text)
    .join('\n');
}

function factBullet({ fact, source, target, validAt, invalidAt }: Fact): string {
  const ends = [source, target].filter((name) => !fact.includes(name)).join(', ');
  const about = [ends, period(validAt, invalidAt)].filter((part) => part !== '').join('; ');
  return `- ${shortened(oneLine(fact), LONGEST)}${about ? ` (${about})` : ''}`;
}

function episodeBullet({ excerpt, referenceTime }: FoundEpisode): string {
  return `- ${shortened(oneLine(excerpt), LONGEST)} (${day(referenceTime)})`;
}

function period(from: string | null, to: string | null): string {
  if (from && to) return `${day(from)} to ${day(to)}`;
  if (from) return `since ${day(from)}`;
  return to ? `until ${day(to)}` : '';
}

function day(time: string): string {
  return time.slice(0, 10);
}
