/** Graphiti's, for its indexes; RediSearch leaves them out of texts and of questions. */
export const STOPWORDS =
  'a is the an and are as at be but by for if in into it no not of on or such that their then there these they this to was will with'.split(
    ' ',
  );
const LEFT_OUT = new Set(STOPWORDS);
// What makes a question of a sentence says nothing about its subject.
const QUESTION_WORDS = new Set(
  'what which who whom whose when where why how do does did done can could should would has have had i me my we us our you your about any'.split(
    ' ',
  ),
);
// What the index splits at; everything else, underscores and other scripts included, belongs to words.
export const BETWEEN_WORDS = /[,.<>{}[\]"':;!@#$%^&*()\-+=~?|/\\`\s]+/;
const MOST_WORDS = 60;
/** Of longer texts only the first words are also looked for in pairs. */
const MOST_PAIRED = 7;

/**
 * The stop words and separators of RediSearch, after graphiti_core's `fulltext.py`. What comes out holds no character that
 * the query language knows, so no text can be a query of its own.
 */
function tokens(text: string): string[] {
  // Underscores and control characters stand inside words but make none: alone, in parentheses, they are a syntax error.
  return text.split(BETWEEN_WORDS).filter((word) => !/^[_\p{Cc}]*$/u.test(word));
}

/**
 * The full-text queries for sentences that have to do with a text: one for each word, one for each two words together. What
 * punctuation holds together (`1.7.2`, `src/main.ts`) is a phrase, and only that when its parts alone say nothing (`1`, `7`).
 *
 * Asked one by one and cut off early, they cost the same however large the graph is. One query of all words at once would
 * have to weigh every text that holds any of them: 27 ms for five usual words and 100,000 facts.
 */
export function searchTerms(text: string): string[] {
  const words = searchWords(text);
  const paired = words.slice(0, MOST_PAIRED);
  return [...words, ...paired.flatMap((word, index) => paired.slice(index + 1).map((other) => `${word} ${other}`))];
}

/** The same for names, in which the words that belong together stand side by side. */
export function nameTerms(text: string): string[] {
  const words = searchWords(text);
  return [...words, ...words.slice(1, MOST_PAIRED).map((word, index) => `${words[index]} ${word}`)];
}

function searchWords(text: string): string[] {
  const words = new Set<string>();
  for (const chunk of text.split(/\s+/)) {
    const parts = tokens(chunk);
    if (parts.length > 1) words.add(`"${parts.join(' ')}"`);
    for (const word of parts) if (isSelective(word, parts.length > 1)) words.add(word);
    if (words.size >= MOST_WORDS) break;
  }
  return [...words].slice(0, MOST_WORDS);
}

/** The selective words of a text, in order. */
export function contentWords(text: string): string[] {
  return tokens(text).filter((word) => isSelective(word, false));
}

function isSelective(word: string, isPart: boolean): boolean {
  const lower = word.toLowerCase();
  return !LEFT_OUT.has(lower) && !QUESTION_WORDS.has(lower) && !(isPart && /^\d{1,3}$/.test(word));
}

/** A query for what holds all of the text's words. Empty when no word is left. */
export function allWords(text: string): string {
  return tokens(text)
    .filter((word) => !LEFT_OUT.has(word.toLowerCase()))
    .slice(0, MOST_WORDS)
    .join(' ');
}
