import { contentWords, WORD_SEPARATORS } from '../../graph/fulltext.ts';

/** The query's words that a text contains, as stems, and the sum of their rarities. */
export interface Coverage {
  readonly id: string;
  readonly words: ReadonlySet<string>;
  readonly weight: number;
}

/**
 * Orders texts by how much of a query they cover: the sum, over the query's words that they contain, of the word's rarity
 * among the texts themselves (inverse document frequency, Spärck Jones 1972). The full-text index ranks short texts too high
 * and does not see what vectors and neighbours found; this ranks all candidates together. Texts without a word of the query are left out.
 */
export function byCoverage(query: string, texts: ReadonlyMap<string, string>): Coverage[] {
  const queryWords = queryWordsOf(query);
  const covered = new Map([...texts].map(([id, text]) => [id, wordsOf(text, queryWords)]));
  const rarity = (word: string) => {
    const frequency = [...covered.values()].filter((words) => words.has(word)).length;
    return Math.log(1 + covered.size / (1 + frequency));
  };
  const rarities = new Map([...queryWords.words].map((word) => [word, rarity(word)]));
  return [...covered]
    .filter(([, words]) => words.size > 0)
    .map(([id, words]) => ({ id, words, weight: [...words].reduce((sum, word) => sum + (rarities.get(word) ?? 0), 0) }))
    .sort((a, b) => b.weight - a.weight);
}

/** The sentence of a text with most words of a query; the first sentence if none has any. */
export function bestSentence(query: string, text: string): string {
  const queryWords = queryWordsOf(query);
  const sentences = text.split(/(?<=[.!?])\s+|\n+/).filter((sentence) => sentence.trim() !== '');
  let best = { sentence: sentences[0] ?? text, count: 0 };
  for (const sentence of sentences) {
    const count = wordsOf(sentence, queryWords).size;
    if (count > best.count) best = { sentence, count };
  }
  return best.sentence.trim();
}

interface QueryWords {
  readonly words: ReadonlySet<string>;
  /** The words' first two letters: a quick test that rules out most words of a text. */
  readonly beginnings: ReadonlySet<string>;
}

function queryWordsOf(query: string): QueryWords {
  const words = new Set(contentWords(query).map(stem));
  return { words, beginnings: new Set([...words].map((word) => word.slice(0, 2))) };
}

function wordsOf(text: string, { words, beginnings }: QueryWords): Set<string> {
  const held = new Set<string>();
  for (const word of text.toLowerCase().split(WORD_SEPARATORS)) {
    if (!beginnings.has(word.slice(0, 2))) continue;
    const form = stem(word);
    if (words.has(form)) held.add(form);
  }
  return held;
}

/** A rough stem, the same for `adds`, `added` and `adding`. It is compared only with other stems of this function. */
function stem(word: string): string {
  return word.toLowerCase().replace(/^(.{2,}?)(?:ing|ed|es|s|e)$/, '$1');
}
