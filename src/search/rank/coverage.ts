import { BETWEEN_WORDS, contentWords } from '../../graph/fulltext.ts';

/** How much of a query a text covers: the words, in the form in which they are compared, and the sum of their rarities. */
export interface Covered {
  readonly id: string;
  readonly words: ReadonlySet<string>;
  readonly weight: number;
}

/**
 * Orders texts by how much of a query they cover: the sum, over the query's words that they hold, of the word's rarity
 * among the texts themselves (inverse document frequency, Spärck Jones 1972). The full-text index ranks short texts too high
 * and knows nothing of what vectors and neighbours found; this sees all candidates alike. Texts that cover nothing are left out.
 */
export function byCoverage(query: string, texts: ReadonlyMap<string, string>): Covered[] {
  const wanted = queryWords(query);
  const held = new Map([...texts].map(([id, text]) => [id, wordsOf(text, wanted)]));
  const rarity = (word: string) => {
    const holders = [...held.values()].filter((words) => words.has(word)).length;
    return Math.log(1 + held.size / (1 + holders));
  };
  const rarities = new Map([...wanted.words].map((word) => [word, rarity(word)]));
  return [...held]
    .filter(([, words]) => words.size > 0)
    .map(([id, words]) => ({ id, words, weight: [...words].reduce((sum, word) => sum + (rarities.get(word) ?? 0), 0) }))
    .sort((a, b) => b.weight - a.weight);
}

/** The sentence of a text that holds most words of a query; the first where none holds any. */
export function bestSentence(query: string, text: string): string {
  const wanted = queryWords(query);
  const sentences = text.split(/(?<=[.!?])\s+|\n+/).filter((sentence) => sentence.trim() !== '');
  let best = { sentence: sentences[0] ?? text, count: 0 };
  for (const sentence of sentences) {
    const count = wordsOf(sentence, wanted).size;
    if (count > best.count) best = { sentence, count };
  }
  return best.sentence.trim();
}

interface Wanted {
  readonly words: ReadonlySet<string>;
  /** How they begin: most words of a text begin otherwise and need no further look. */
  readonly beginnings: ReadonlySet<string>;
}

function queryWords(query: string): Wanted {
  const words = new Set(contentWords(query).map(stem));
  return { words, beginnings: new Set([...words].map((word) => word.slice(0, 2))) };
}

function wordsOf(text: string, { words, beginnings }: Wanted): Set<string> {
  const held = new Set<string>();
  for (const word of text.toLowerCase().split(BETWEEN_WORDS)) {
    if (!beginnings.has(word.slice(0, 2))) continue;
    const form = stem(word);
    if (words.has(form)) held.add(form);
  }
  return held;
}

/** Enough of a stem to tell `adds`, `added` and `adding` as one word; only ever compared with another of its kind. */
function stem(word: string): string {
  return word.toLowerCase().replace(/^(.{2,}?)(?:ing|ed|es|s|e)$/, '$1');
}
