import type { PassageRow } from '../../../graph/queries/passages.ts';
import { termsOf } from '../../../passages/terms.ts';
import type { EndedRange } from './current-content.ts';

/**
 * The factor for a passage that answers with an ended sentence. It is lower than the factor for facts (0.7), so that a current fact comes before
 * an outdated passage that answers about equally well.
 */
const ENDED_FACTOR = 0.65;

/** The factor for a passage's score, which puts current passages before outdated ones that answer about equally well. */
export function outdatedFactor(
  passage: PassageRow,
  text: string,
  ended: readonly EndedRange[],
  rarity: ReadonlyMap<string, number>,
): number {
  return answersWithEnded(passage, text, ended, rarity) ? ENDED_FACTOR : 1;
}

/** Whether the sentences that have ended have at least as many of the question's terms, rare ones first, as the rest of the passage. */
function answersWithEnded(
  { start, end }: PassageRow,
  text: string,
  ended: readonly EndedRange[],
  rarity: ReadonlyMap<string, number>,
): boolean {
  if (ended.length === 0) return false;
  const isEnded = (place: number) => ended.some((range) => range.start <= place && place < range.end);
  const parts = { ended: '', rest: '' };
  for (let place = start; place < end; place += 1) {
    parts.ended += isEnded(place) ? text[place] : ' ';
    parts.rest += isEnded(place) ? ' ' : text[place];
  }
  return weightOf(parts.ended, rarity) >= weightOf(parts.rest, rarity);
}

function weightOf(text: string, rarity: ReadonlyMap<string, number>): number {
  const terms = new Set(termsOf(text));
  return [...rarity].reduce((sum, [term, weight]) => sum + (terms.has(term) ? weight : 0), 0);
}
