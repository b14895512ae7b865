import type { EpisodeRow } from '../graph/queries/search-unread-episodes.ts';
import type { Fact, Found } from '../search/search.ts';
import { oneLine, shortened } from '../text.ts';

const LONGEST = 400;

/** The answer for people and language models: one bullet for each fact, then one for each episode without facts. */
export function bulletList({ facts, episodes }: Found, limit: number): string {
  const bullets = [...facts.map(factBullet), ...episodes.map(episodeBullet)].slice(0, limit);
  return bullets.length > 0 ? bullets.join('\n') : 'Nothing found.';
}

function factBullet({ fact, source, target, validAt, invalidAt }: Fact): string {
  const ends = [source, target].filter((name) => !fact.includes(name)).join(', ');
  const about = [ends, period(validAt, invalidAt)].filter((part) => part !== '').join('; ');
  return `- ${shortened(oneLine(fact), LONGEST)}${about ? ` (${about})` : ''}`;
}

function episodeBullet({ content, referenceTime }: EpisodeRow): string {
  return `- ${shortened(oneLine(content), LONGEST)} (${day(referenceTime)})`;
}

function period(from: string | null, to: string | null): string {
  if (from && to) return `${day(from)} to ${day(to)}`;
  if (from) return `since ${day(from)}`;
  return to ? `until ${day(to)}` : '';
}

function day(time: string): string {
  return time.slice(0, 10);
}
