import { stemmer } from '@orama/stemmers/english';
import { type Language, languageOf } from './language.ts';

/**
 * Raised when the same text gives other terms than before: passages of an older version are analysed again by the task that
 * cuts passages (`upkeep/passages.ts`).
 */
export const ANALYSER_VERSION = 2;

// Function words, and what makes a question of a sentence. They are left out of passages and of questions.
const STOP_WORDS = new Set(
  `a about after again all also am an and any are as at be because been before being both but by can could did do does doing
  done for from had has have having he her here him his how i if in into is it its just let may me might my no nor not of off
  on once or our ours over own please she should so some such than that the their them then there these they this those to
  too under until up us very was we were what when where which while who whom whose why will with would you your yours
  ca wo don`.split(/\s+/),
);

/** Longer words are hashes, base64 and the like: whatever is asked for of them is their beginning. */
const LONGEST = 64;
/** A run of letters, digits and the characters that hold identifiers, paths, versions and addresses together. */
const TOKEN = /[\p{L}\p{N}\p{M}_]+(?:[-_./:@+#'’\\]+[\p{L}\p{N}\p{M}_]+)*[+#]*/gu;
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
    const terms = formsOf(token).filter(isTerm).map(stem);
    return language ? inLanguage(token, terms, language) : terms;
  });
}

function inLanguage(token: string, terms: readonly string[], { functionWords, stem: stemOf }: Language): string[] {
  if (functionWords.has(token.toLowerCase())) return [];
  const words = token.split(PARTS).filter((word) => /^\p{L}{3,30}$/u.test(word));
  const stemmed = words.map((word) => fold(stemOf(word.toLowerCase()))).filter((word) => word !== '');
  return [...new Set([...terms, ...stemmed])];
}

/** After an initial "how" stands an auxiliary or a measure ("how long", "how many"): answers hold neither. */
const MEASURE = /^\s*[Hh]ow \p{Ll}+(?=\s)/u;
/** Light verbs, by their terms: "which database do we use?", "what became of it?" They count only where a question has nothing else. */
const LIGHT_VERBS = new Set(['go', 'get', 'us', 'becam', 'becom', 'happen']);

/** The same for a question, each term once. */
export function queryTerms(question: string): string[] {
  const terms = [...new Set(termsOf(question.replace(MEASURE, '')))];
  const significant = terms.filter((term) => !LIGHT_VERBS.has(term));
  return significant.length > 0 ? significant : terms;
}

function tokensOf(text: string): string[] {
  const tokens = text.normalize('NFKC').match(TOKEN) ?? [];
  return tokens.flatMap((token) =>
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
  // One or two digits of a date or a version, and small letters, say nothing by themselves; a capital is a name ("X_MAX_SPEED").
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

const stems = new Map<string, string>();

/** English words only: what has digits, other letters or is an identifier stays as it is. */
function stem(word: string): string {
  if (!/^[a-z]{3,30}$/.test(word)) return word;
  const known = stems.get(word);
  if (known !== undefined) return known;
  const stemmed = withoutAgent(stemmer(word));
  // Stemming takes a microsecond or two; most words of a memory come again.
  if (stems.size > 20_000) stems.clear();
  stems.set(word, stemmed);
  return stemmed;
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
