import nlp from 'compromise/two';
import type { DateMention } from '../../english/dates.ts';
import type { TechnicalName } from './named-thing.ts';

/** A word of a sentence as the tagger sees it. */
export interface Token {
  /** Without punctuation; a technical name is one token. */
  readonly text: string;
  readonly lower: string;
  readonly tags: ReadonlySet<string>;
  /** A comma, bracket, quote or dash parts it from the next token. */
  readonly isParted: boolean;
  /** "Harbor's" */
  readonly isPossessive: boolean;
  readonly technical: TechnicalName | null;
}

interface Term {
  text: string;
  implicit?: string;
  pre: string;
  post: string;
  tags: Set<string>;
}

/** "CI" and "CD" are hardly ever numbers. */
const LETTERS: ReadonlySet<string> = new Set(['Noun', 'Singular', 'Acronym']);

/** Stand-ins that the tagger knows, so that paths and dates do not lead it astray. */
const STAND_IN = 'Zqx';
const DATE_STAND_IN = 'Zqydate';
const STAND_INS = 60;

nlp.addWords({
  ...Object.fromEntries(Array.from({ length: STAND_INS }, (_, index) => [standIn(index).toLowerCase(), 'ProperNoun'])),
  [DATE_STAND_IN.toLowerCase()]: 'Date',
  empty: 'Adjective',
});

/** The words of one sentence; dates are left out as one token tagged `Date` each. */
export function tokensOf(text: string, names: readonly TechnicalName[], dates: readonly DateMention[]): Token[] {
  const known = names.slice(0, STAND_INS);
  const terms = (nlp(withStandIns(text, known, dates)).docs as unknown as Term[][]).flat();
  const tokens: Token[] = [];
  for (let index = 0; index < terms.length; index++) {
    const parts = hyphenated(terms, index);
    index += parts.length - 1;
    tokens.push(tokenOf(parts, terms[index + 1], known));
  }
  const corrected = tokens.map((token, index) => withParticiple(tokens, withNoun(tokens, token, index), index));
  return withVerb(corrected);
}

/** "They share the tokens package Pharos": the tagger takes the noun for a second verb. */
function withNoun(tokens: readonly Token[], token: Token, index: number): Token {
  if (!token.tags.has('Infinitive') || !tokens[index - 1]?.tags.has('Noun')) return token;
  let start = index - 1;
  while (start > 0 && (tokens[start]?.tags.has('Noun') || tokens[start]?.tags.has('Adjective'))) start--;
  const isNamed = tokens[index + 1]?.tags.has('ProperNoun') === true;
  const hasVerb = tokens.slice(0, start).some((other) => other.tags.has('Verb'));
  return isNamed && hasVerb && tokens[start]?.tags.has('Determiner') ? { ...token, tags: new Set(['Noun']) } : token;
}

/** "left Acme and joined Harbor": the tagger takes some past tenses for adjectives. */
function withParticiple(tokens: readonly Token[], token: Token, index: number): Token {
  if (!token.tags.has('Adjective') || !/[^e]ed$/.test(token.lower) || index === 0) return token;
  const [before, next] = [tokens[index - 1], tokens[index + 1]];
  const follows = next?.technical || ['ProperNoun', 'Determiner', 'Possessive'].some((tag) => next?.tags.has(tag));
  const isAttribute = ['Determiner', 'Adjective', 'Preposition', 'Copula'].some((tag) => before?.tags.has(tag));
  return follows && !isAttribute ? { ...token, tags: new Set(['Verb', 'PastTense']) } : token;
}

function isOneThing(token: Token | undefined): boolean {
  return token?.technical != null || (token?.tags.has('Noun') === true && !token.tags.has('Plural'));
}

/** "The service talks to …": the tagger takes a verb after a noun for a plural. */
function withVerb(tokens: Token[]): Token[] {
  if (tokens.some((token) => token.tags.has('Verb'))) return tokens;
  const verb = tokens.findIndex((token, index) => {
    const next = tokens[index + 1];
    const follows =
      next?.technical || ['Preposition', 'Determiner', 'Possessive', 'ProperNoun'].some((tag) => next?.tags.has(tag));
    return index > 0 && token.tags.has('Plural') && isOneThing(tokens[index - 1]) && (follows || next?.lower === 'to');
  });
  if (verb < 0) return tokens;
  return tokens.with(verb, { ...(tokens[verb] as Token), tags: new Set(['Verb', 'PresentTense']) });
}

function withStandIns(text: string, names: readonly TechnicalName[], dates: readonly DateMention[]): string {
  const places = [
    ...names.map((name, index) => ({ start: name.start, end: name.end, word: standIn(index) })),
    ...dates.map((date) => ({ start: date.start, end: date.end, word: DATE_STAND_IN })),
  ].sort((one, other) => one.start - other.start);
  let result = '';
  let from = 0;
  for (const place of places) {
    if (place.start < from) continue;
    const before = /[^\s([{"'“‘]/.test(text.slice(Math.max(from, place.start - 1), place.start)) ? ' ' : '';
    const after = /[^\s.,;:!?'’"”)\]}]/.test(text.slice(place.end, place.end + 1)) ? ' ' : '';
    result += text.slice(from, place.start) + before + place.word + after;
    from = place.end;
  }
  return result + text.slice(from);
}

/** The tagger takes "opt-in" for two words. */
function hyphenated(terms: readonly Term[], start: number): Term[] {
  let end = start;
  while (terms[end]?.post === '-' && terms[end]?.text && terms[end + 1]?.text) end++;
  return terms.slice(start, end + 1);
}

function tokenOf(parts: readonly Term[], next: Term | undefined, names: readonly TechnicalName[]): Token {
  const last = parts.at(-1) as Term;
  const written = parts.length > 1 ? parts.map((part) => part.text).join('-') : uncontracted(last);
  const isPossessive = /['’]s?$/.test(written) && last.tags.has('Possessive');
  const text = isPossessive ? written.replace(/['’]s?$/, '') : written;
  const technical = names[standInIndex(text)] ?? null;
  return {
    text,
    lower: text.toLowerCase(),
    tags: last.tags.has('RomanNumeral') ? LETTERS : last.tags,
    isParted: /[^\s.'’]/.test(last.post) || /[^\s]/.test(next?.pre ?? ''),
    isPossessive,
    technical,
  };
}

/** "pottery's" and "I'm" are two words each; the second comes as an empty one. */
function uncontracted(term: Term): string {
  if (!term.implicit) return term.text;
  const start = term.text.slice(0, term.implicit.length);
  return start.toLowerCase() === term.implicit ? start : term.implicit;
}

function standIn(index: number): string {
  return `${STAND_IN}${String.fromCharCode(97 + Math.floor(index / 26), 97 + (index % 26))}`;
}

function standInIndex(word: string): number {
  if (word.length !== STAND_IN.length + 2 || !word.startsWith(STAND_IN)) return -1;
  return (word.charCodeAt(STAND_IN.length) - 97) * 26 + word.charCodeAt(STAND_IN.length + 1) - 97;
}
