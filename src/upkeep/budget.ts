import { shortened, wholeSentences } from '../text.ts';

/** Most characters of a summary, as in Graphiti. */
export const LONGEST_SUMMARY = 1000;

/** The first texts that fit into `budget` characters together; of a first one that does not fit alone, its beginning. */
export function firstThatFit(texts: readonly string[], budget: number): string[] {
  const kept: string[] = [];
  let left = budget;
  for (const text of texts) {
    if (text.length > left) break;
    kept.push(text);
    left -= text.length + 1;
  }
  return kept.length === 0 && texts[0] !== undefined ? [shortened(texts[0], budget)] : kept;
}

/** All texts, the longest of them shortened until they fit into `budget` characters together. */
export function evenly(texts: readonly string[], budget: number): string[] {
  const lengths = texts.map(({ length }) => length).sort((a, b) => a - b);
  let left = budget;
  let share = budget;
  for (const [place, length] of lengths.entries()) {
    share = Math.floor(left / (lengths.length - place));
    if (length > share) break;
    left -= length;
    share = length;
  }
  return texts.map((text) => shortened(text, Math.max(share, 1)));
}

/**
 * What a model said, fit for the graph: without characters that the stores cannot give back, and at most `length` long, cut
 * behind a sentence (`truncate_at_sentence` of graphiti_core) or, when the first is longer, behind a word.
 */
export function keptOf(text: string, length = LONGEST_SUMMARY): string {
  return wholeSentences(text.replaceAll('\0', '').toWellFormed().trim(), length);
}
