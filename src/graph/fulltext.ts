/** Graphiti's stop words for its indexes. RediSearch ignores them in texts and queries. */
export const STOPWORDS =
  'a is the an and are as at be but by for if in into it no not of on or such that their then there these they this to was will with'.split(
    ' ',
  );
const LEFT_OUT = new Set(STOPWORDS);
// Words that make a sentence a question say nothing about its subject.
const QUESTION_WORDS = new Set(
  'what which who whom whose when where why how do does did done can could should would has have had i me my we us our you your about any'.split(
    ' ',
  ),
);
// The characters at which the index splits. All others, also underscores and other scripts, belong to words.
export const WORD_SEPARATORS = /[,.<>{}[\]"':;!@#$%^&*()\-+=~?|/\\`\s]+/;
const MOST_WORDS = 60;
/** In longer texts only the first words are also searched in pairs. */
const MOST_PAIRED = 7;

/**
 * The stop words and separators of RediSearch, after graphiti_core's `fulltext.py`. The result contains no character of the query language,
 * so that no text is read as query syntax.
 */
function tokens(text: string): string[] {
  // Underscores and control characters may be part of a word but are no words: alone in parentheses they are a syntax error.
  return text.split(WORD_SEPARATORS).filter((word) => !/^[_\p{Cc}]*$/u.test(word));
}

/**
 * The full-text queries for sentences that are related to a text: one per word and one per pair of words. Parts that punctuation joins
 * (`1.7.2`, `src/Main.java`) are a phrase, and only a phrase if the parts alone are meaningless (`1`, `7`).
 *
 * Each query is limited, so that its cost does not depend on the size of the graph. A single query for all words would score every text with
 * any of them: 27 ms for five common words and 100,000 facts.
 */
export function searchTerms(text: string): string[] {
  const words = searchWords(text);
  const paired = words.slice(0, MOST_PAIRED);
  return [...words, ...paired.flatMap((word, index) => paired.slice(index + 1).map((other) => `${word} ${other}`))];
}

/** The same for names, whose words are adjacent. */
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

/** A query for texts that contain all words of this text. Empty when no word is left. */
export function allWords(text: string): string {
  return tokens(text)
    .filter((word) => !LEFT_OUT.has(word.toLowerCase()))
    .slice(0, MOST_WORDS)
    .join(' ');
}
