import { contentWords } from '../../graph/fulltext.ts';

/**
 * Orders texts by how much of a query they cover: the sum, over the query's words that they hold, of the word's rarity
 * among the texts themselves (inverse document frequency, Spärck Jones 1972). The full-text index ranks short texts too high
 * and knows nothing of what vectors and neighbours found; this sees all candidates alike. Texts that cover nothing are left out.
 */
export function byCoverage(query: string, texts: ReadonlyMap<string, string>): string[] {
  const wanted = new Set(contentWords(query).map(stem));
  const held = new Map([...texts].map(([id, text]) => [id, new Set(contentWords(text).map(stem))]));
  const rarity = (word: string) => {
    const holders = [...held.values()].filter((words) => words.has(word)).length;
    return Math.log(1 + held.size / (1 + holders));
  };
  const weights = [...wanted].map((word) => [word, rarity(word)] as const);
  return [...held]
    .map(([id, words]) => ({
      id,
      covered: weights.reduce((sum, [word, weight]) => sum + (words.has(word) ? weight : 0), 0),
    }))
    .filter(({ covered }) => covered > 0)
    .sort((a, b) => b.covered - a.covered)
    .map(({ id }) => id);
}

/** Enough of a stem to tell `adds`, `added` and `adding` as one word; only ever compared with another of its kind. */
function stem(word: string): string {
  return word.toLowerCase().replace(/^(.{2,}?)(?:ing|ed|es|s|e)$/, '$1');
}
