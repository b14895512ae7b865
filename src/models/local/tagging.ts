import nlp from 'compromise/two';
import type { DateMention } from '../../english/dates.ts';
import type { SpelledName } from './spelling.ts';

/** A word of a sentence as the tagger sees it. */
export interface Token {
  /** Without punctuation; a spelled name is one token. */
  readonly text: string;
  readonly lower: string;
  readonly tags: ReadonlySet<string>;
  /** A comma, bracket, quote or dash parts it from the next token. */
  readonly isParted: boolean;
  /** "Harbor's" */
  readonly isPossessive: boolean;
  readonly spelled: SpelledName | null;
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

const HYPHENATED: ReadonlySet<string> = new Set(['Noun', 'Adjective', 'Hyphenated']);

/** Stand-ins that the tagger knows, so that paths and dates do not lead it astray. */
const STAND_IN = 'Zqx';
const DATE_STAND_IN = 'Zqydate';
const STAND_INS = 60;

nlp.addWords({
  ...Object.fromEntries(Array.from({ length: STAND_INS }, (_, index) => [standIn(index).toLowerCase(), 'ProperNoun'])),
  [DATE_STAND_IN.toLowerCase()]: 'Date',
  empty: 'Adjective',
  ...Object.fromEntries('staging billing logging routing caching'.split(' ').map((word) => [word, 'Noun'])),
});

/** The words of one sentence; dates are left out as one token tagged `Date` each. */
export function tokensOf(text: string, names: readonly SpelledName[], dates: readonly DateMention[]): Token[] {
  const known = names.slice(0, STAND_INS);
  const terms = (nlp(withStandIns(text, known, dates)).docs as unknown as Term[][]).flat();
  const tokens: Token[] = [];
  for (let index = 0; index < terms.length; index++) {
    const parts = hyphenated(terms, index);
    index += parts.length - 1;
    tokens.push(tokenOf(parts, terms[index + 1], known));
  }
  for (const [at, token] of tokens.entries()) tokens[at] = { ...token, tags: tagsInContext(tokens, at) };
  return tokens;
}

const NOUN: ReadonlySet<string> = new Set(['Noun', 'Singular']);
const NOUNS: ReadonlySet<string> = new Set(['Noun', 'Plural']);
const VERB: ReadonlySet<string> = new Set(['Verb', 'PresentTense']);
const PAST: ReadonlySet<string> = new Set(['Verb', 'PastTense']);
/** Behind these a sentence of its own may follow: "we know the build fails", "it helps the team build". */
const TAKES_SENTENCE =
  /^(?:know|knew|think|thought|s[ae][ewy]|said|ensure|check|mean|found|notice|believe|hope|guess|help|let|ma[dk]e|show|so|that|because|when|if)/;

/** The tags of a word where the words beside it rule the tagger's out (transformations of tags in context, as in Brill 1995). */
function tagsInContext(tokens: readonly Token[], at: number): ReadonlySet<string> {
  const { tags, lower, spelled } = tokens[at] as Token;
  const [before, next] = [tokens[at - 1], tokens[at + 1]];
  const has = (token: Token | undefined, ...names: string[]) => names.some((name) => token?.tags.has(name));
  if (spelled || has(tokens[at], 'Auxiliary', 'Copula', 'Modal')) return tags;
  const isForm = /[^s]s$/.test(lower);
  let start = at - 1;
  while (start > 0 && !has(tokens[start], 'Determiner') && has(tokens[start], 'Noun', 'Adjective')) start--;
  const isDetermined = start < at - 1 && has(tokens[start], 'Determiner') && has(before, 'Noun') && !before?.isParted;
  const verb = tokens.slice(0, start).findLast((token) => has(token, 'Verb'));
  const isBelow =
    verb !== undefined && !TAKES_SENTENCE.test(verb.lower) && !TAKES_SENTENCE.test(tokens[start - 1]?.lower ?? '');
  if (has(tokens[at], 'Verb') && isDetermined) {
    // "the health check in …", "share the tokens package Pharos"
    if (has(tokens[at], 'Infinitive') && (verb ? isBelow && has(next, 'ProperNoun') : !has(before, 'Plural')))
      return NOUN;
    // "runs in the Playwright tests and …"
    if (has(tokens[at], 'PresentTense') && isForm && isBelow && has(tokens[start - 1], 'Preposition', 'Verb'))
      return NOUNS;
  }
  // "Messages live in …"
  if (at === 0 && isForm && has(tokens[at], 'PresentTense') && has(next, 'Infinitive', 'Copula')) return NOUNS;
  const follows = next?.spelled != null || has(next, 'ProperNoun', 'Determiner', 'Possessive');
  // "The build needs the token", "The service talks to …"
  const isOne = before?.spelled != null || (has(before, 'Noun') && !has(before, 'Plural'));
  if (has(tokens[at], 'Plural') && isOne && !tokens.slice(0, at).some((token) => has(token, 'Verb'))) {
    const isOnly = !tokens.some((token) => has(token, 'Verb'));
    if (isOnly ? follows || has(next, 'Preposition') || next?.lower === 'to' : follows && !has(next, 'ProperNoun'))
      return VERB;
    if (!isOnly && next?.spelled) return VERB;
  }
  // "left Acme and joined Harbor"
  const isAttribute = has(before, 'Determiner', 'Adjective', 'Preposition', 'Copula');
  return at > 0 && has(tokens[at], 'Adjective') && /[^e]ed$/.test(lower) && follows && !isAttribute ? PAST : tags;
}

function withStandIns(text: string, names: readonly SpelledName[], dates: readonly DateMention[]): string {
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

function tokenOf(parts: readonly Term[], next: Term | undefined, names: readonly SpelledName[]): Token {
  const last = parts.at(-1) as Term;
  const written = parts.length > 1 ? parts.map((part) => part.text).join('-') : uncontracted(last);
  const isHyphenated = parts.length > 1 && last.tags.has('Verb') && !last.tags.has('PastTense');
  const isPossessive = /['’]s?$/.test(written) && last.tags.has('Possessive');
  const text = isPossessive ? written.replace(/['’]s?$/, '') : written;
  const spelled = names[standInIndex(text)] ?? null;
  return {
    text,
    lower: text.toLowerCase(),
    tags: last.tags.has('RomanNumeral') ? LETTERS : isHyphenated ? HYPHENATED : last.tags,
    isParted: /[^\s.'’]/.test(last.post) || /[^\s]/.test(next?.pre ?? ''),
    isPossessive,
    spelled,
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
