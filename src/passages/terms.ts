import { stemmer } from '@orama/stemmers/english';
import { detachSlice } from '../text.ts';
import { type Language, languageOf } from './language.ts';

/**
 * Raised when the same text gives other terms than before: passages of an older version are analysed again by the task that
 * cuts passages (`upkeep/cut-passages.ts`).
 */
export const ANALYSER_VERSION = 3;

// Function words and question words, which are left out of passages and questions.
const STOP_WORDS = new Set(
  `a about after again all also am an and any are as at be because been before being both but by can could did do does doing
  done for from had has have having he her here him his how i if in into is it its just let may me might my no nor not of off
  on once or our ours over own please she should so some such than that the their them then there these they this those to
  too under until up us very was we were what when where which while who whom whose why will with would you your yours
  ca wo don`.split(/\s+/),
);

/** Longer words are hashes, base64 and the like; only their beginning is indexed. */
const LONGEST = 64;
/** A run of letters, digits and the characters that hold identifiers, paths, versions and addresses together. */
const TOKEN = /[\p{L}\p{N}\p{M}_]+(?:[-_./:@+#'’\\]+[\p{L}\p{N}\p{M}_]+)*[+#]*/gu;
/** The same for text of ASCII characters, which is faster. */
const ASCII_TOKEN = /[A-Za-z0-9_]+(?:[-_./:@+#'\\]+[A-Za-z0-9_]+)*[+#]*/g;
const NOT_ASCII = /[^ -~\s]/;
/** Scripts that do not separate words by spaces, and Hangul, whose words carry their endings. */
const UNSPACED =
  /([\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}ー]+)/u;
const CONTRACTED = /(?:n['’]t|['’](?:s|re|ve|ll|d|m))$/i;
const PARTS = /[^\p{L}\p{N}]+/u;
const CAMEL = /(?<=[\p{Ll}\p{N}])(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/u;
/** Letters that have no decomposition. */
const FOLDED: Readonly<Record<string, string>> = { ß: 'ss', ø: 'o', ł: 'l', đ: 'd', æ: 'ae', œ: 'oe', ı: 'i', þ: 'th' };

/**
 * The terms by which a text is found, in its order: lower case, without accents, English words stemmed, identifiers both whole
 * (`checkout-web` is `checkout_web`) and in their parts, scripts without spaces as pairs of characters. Words of a text in another language
 * that is known have that language's stem too, beside the English one, by which questions of unknown language find them.
 */
export function termsOf(text: string): string[] {
  const language = languageOf(text);
  return tokensOf(text).flatMap((token) => {
    const terms = termsOfToken(token);
    return language ? inLanguage(token, terms, language) : terms;
  });
}

function inLanguage(token: string, terms: readonly string[], { functionWords, stem: stemOf }: Language): string[] {
  if (functionWords.has(token.toLowerCase())) return [];
  const words = token.split(PARTS).filter((word) => /^\p{L}{3,30}$/u.test(word));
  const stemmed = words.map((word) => fold(stemOf(word.toLowerCase()))).filter((word) => word !== '');
  return [...new Set([...terms, ...stemmed])];
}

/** Words after an initial "how": an auxiliary or a measure ("how long", "how many"). Answers do not contain them. */
const MEASURE = /^\s*[Hh]ow \p{Ll}+(?=\s)/u;
/** Light verbs, by their terms: "which database do we use?", "what became of it?" They count only where a question has nothing else. */
const LIGHT_VERBS = new Set(['go', 'get', 'us', 'becam', 'becom', 'happen']);
/** The same for a question that begins with "where": "where is the database located?" */
const LIGHT_VERBS_OF_PLACES = new Set([...LIGHT_VERBS, 'lie', 'li', 'locat', 'resid']);

/** The same for a question, each term once. */
export function queryTerms(question: string): string[] {
  const terms = [...new Set(termsOf(question.replace(MEASURE, '')))];
  const lightVerbs = /^\s*where\b/i.test(question) ? LIGHT_VERBS_OF_PLACES : LIGHT_VERBS;
  const significant = terms.filter((term) => !lightVerbs.has(term));
  return significant.length > 0 ? significant : terms;
}

/** Links with which editors open a file or run a command: up to a kilobyte of encoded JSON behind a short name. */
const EDITOR_LINK = /\[([^[\]\n]{1,200})\]\((?:command|vscode|cursor):[^()\s]{1,4000}(?: "[^"\n]{0,1000}")?\)/g;

/** A text with only the names of its editor links. */
export const withoutEditorLinks = (text: string): string =>
  text.includes('](') ? text.replace(EDITOR_LINK, '$1') : text;

function tokensOf(text: string): string[] {
  if (!NOT_ASCII.test(text)) return withoutEditorLinks(text).match(ASCII_TOKEN) ?? [];
  const found = withoutEditorLinks(text.normalize('NFKC')).match(TOKEN) ?? [];
  return found.flatMap((token) =>
    UNSPACED.test(token) ? token.split(UNSPACED).flatMap((part) => part.match(TOKEN) ?? []) : [token],
  );
}

/** A token as a whole and, where it has several, its parts. */
function formsOf(token: string): string[] {
  if (UNSPACED.test(token)) return pairsOf(token);
  const bare = token.replace(CONTRACTED, '').slice(0, 4 * LONGEST);
  const pieces = bare.split(PARTS).filter((piece) => piece !== '');
  const parts = pieces.flatMap((piece) => piece.split(CAMEL));
  const whole = fold(pieces.join('_')).slice(0, LONGEST);
  if (parts.length === 1) return [bare.endsWith('#') ? `${whole}_sharp` : bare.endsWith('+') ? `${whole}_plus` : whole];
  if (/^[vV]?\d+(?:[._]\d+)+$/.test(bare)) return versionForms(whole.replace(/^v/, ''));
  // One or two digits of a date or a version, and small letters, say nothing by themselves; a capital is a name ("Y_TOP_RATE").
  const significant = parts.filter((part) => part.length > 2 || !/^(?:\d+|\P{Lu})$/u.test(part)).map(fold);
  return [...new Set([whole, ...significant])];
}

/** `0.27.3` is also found as `0.27`. */
function versionForms(whole: string): string[] {
  const numbers = whole.split('_');
  return numbers.slice(1).map((_, index) => numbers.slice(0, index + 2).join('_'));
}

function pairsOf(run: string): string[] {
  const characters = [...run];
  if (characters.length === 1) return characters;
  return characters.slice(1).map((character, index) => `${characters[index]}${character}`);
}

function fold(word: string): string {
  return word
    .toLowerCase()
    .normalize('NFD')
    .replace(/[\u0300-\u036f]+/g, '')
    .replace(/[ßøłđæœıþ]/g, (letter) => FOLDED[letter] ?? letter)
    .normalize('NFC');
}

const analysed = (token: string): string[] => formsOf(token).filter(isTerm).map(stem);

/** Most words of a memory come again, and to analyse one takes several microseconds. Emptied when it is full. */
const tokens = new Map<string, readonly string[]>();
const MOST_TOKENS = 20_000;

function termsOfToken(token: string): readonly string[] {
  const known = tokens.get(token);
  if (known) return known;
  if (token.length > LONGEST) return analysed(token);
  if (tokens.size >= MOST_TOKENS) tokens.clear();
  const kept = detachSlice(token);
  const terms = analysed(kept);
  tokens.set(kept, terms);
  return terms;
}

/**
 * English words only: what has digits, other letters or is an identifier stays as it is. Porter's stem; the other languages have Snowball's
 * (`language.ts`). Statements are compared by stems of their own (`english/words.ts`), which keep more apart.
 */
function stem(word: string): string {
  if (!/^[a-z]{3,30}$/.test(word)) return word;
  return withoutAgent(stemmer(word));
}

/**
 * What Porter's algorithm leaves apart: who does something and what is done ("owner", "owns"), and a "y" that only some forms of a word end in
 * ("deployment", "deploy").
 */
function withoutAgent(stemmed: string): string {
  const [, done] = /^([a-z]+[aeiouy][a-z]+|[aeiou][a-z]{2,})er$/.exec(stemmed) ?? [];
  return (done ?? stemmed).replace(/([bdgmnprt])\1$/, '$1').replace(/(?<=..)y$/, 'i');
}

const isTerm = (word: string): boolean =>
  word !== '' && word.length <= LONGEST && !STOP_WORDS.has(word) && /[\p{L}\p{N}]/u.test(word);

/** How often a term occurs in a text of terms with spaces between them. */
export function countOccurrences(terms: string, term: string): number {
  let times = 0;
  for (let start = terms.indexOf(term); start >= 0; start = terms.indexOf(term, start + term.length)) {
    const end = start + term.length;
    const isWhole = (start === 0 || terms[start - 1] === ' ') && (end === terms.length || terms[end] === ' ');
    if (isWhole) times += 1;
  }
  return times;
}
