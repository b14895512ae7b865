const STOPWORDS = new Set(
  'a is the an and are as at be but by for if in into it no not of on or such that their then there these they this to was will with'.split(
    ' ',
  ),
);
// What makes a question of a sentence says nothing about its subject.
const QUESTION_WORDS = new Set(
  'what which who whom whose when where why how do does did done can could should would has have had i me my we us our you your about any'.split(
    ' ',
  ),
);
// What the index splits at; everything else, underscores and other scripts included, belongs to words.
const SEPARATORS = /[,.<>{}[\]"':;!@#$%^&*()\-+=~?|/\\`]+/;
const MOST_WORDS = 60;

/**
 * The stop words and separators of RediSearch, after graphiti_core's `fulltext.py`. What comes out holds no character that
 * the query language knows, so no text can be a query of its own.
 */
function tokens(text: string): string[] {
  return text
    .split(SEPARATORS)
    .flatMap((part) => part.split(/\s+/))
    .filter((word) => word !== '');
}

/**
 * A query for what holds any of the text's words. What punctuation holds together (`1.7.2`, `src/main.ts`) is also looked
 * for as a phrase, and only so when its parts alone say nothing (`1`, `7`, `2`). Empty when no word is left.
 */
export function anyWord(text: string): string {
  const terms = new Set<string>();
  for (const chunk of text.split(/\s+/)) {
    const parts = tokens(chunk);
    if (parts.length > 1) terms.add(`"${parts.join(' ')}"`);
    for (const word of parts) if (tellsSomething(word, parts.length > 1)) terms.add(word);
    if (terms.size >= MOST_WORDS) break;
  }
  return [...terms].slice(0, MOST_WORDS).join(' | ');
}

/** The words of a text that tell something about its subject, in their order. */
export function contentWords(text: string): string[] {
  return tokens(text).filter((word) => tellsSomething(word, false));
}

function tellsSomething(word: string, isPart: boolean): boolean {
  const lower = word.toLowerCase();
  return !STOPWORDS.has(lower) && !QUESTION_WORDS.has(lower) && !(isPart && /^\d{1,3}$/.test(word));
}

/** A query for what holds all of the text's words. Empty when no word is left. */
export function allWords(text: string): string {
  return tokens(text)
    .filter((word) => !STOPWORDS.has(word.toLowerCase()))
    .slice(0, MOST_WORDS)
    .join(' ');
}
