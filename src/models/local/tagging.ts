import nlp from 'compromise/two';
import type { DateMention } from '../../english/dates.ts';
import type { SpelledName } from './spelling.ts';

/** A word of a sentence with the tags of the part-of-speech tagger. */
export interface TaggedWord {
  /** Without punctuation; a name found by spelling is one token. */
  readonly text: string;
  readonly lower: string;
  readonly tags: ReadonlySet<string>;
  /** A comma, bracket, quote or dash separates it from the next token. */
  readonly hasBreakAfter: boolean;
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

/** The tagger takes "CI" and "CD" for Roman numerals. */
const ACRONYM_TAGS: ReadonlySet<string> = new Set(['Noun', 'Singular', 'Acronym']);

const HYPHENATED: ReadonlySet<string> = new Set(['Noun', 'Adjective', 'Hyphenated']);

/** Placeholders for names and dates: the tagger knows these words, and paths would confuse it. */
const PLACEHOLDER = 'Zqx';
const DATE_PLACEHOLDER = 'Zqydate';
const MAX_PLACEHOLDERS = 60;

nlp.addWords({
  ...Object.fromEntries(
    Array.from({ length: MAX_PLACEHOLDERS }, (_, index) => [placeholder(index).toLowerCase(), 'ProperNoun']),
  ),
  [DATE_PLACEHOLDER.toLowerCase()]: 'Date',
  empty: 'Adjective',
  ...Object.fromEntries('staging billing logging routing caching'.split(' ').map((word) => [word, 'Noun'])),
});

/** The tokens of one sentence. Each date becomes one token with the tag `Date`. */
export function tokenize(text: string, names: readonly SpelledName[], dates: readonly DateMention[]): TaggedWord[] {
  const known = names.slice(0, MAX_PLACEHOLDERS);
  const terms = (nlp(withPlaceholders(text, known, dates)).docs as unknown as Term[][]).flat();
  const tokens: TaggedWord[] = [];
  for (let index = 0; index < terms.length; index++) {
    const parts = hyphenatedTerms(terms, index);
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
/** A clause can follow these words: "we know the build fails", "it helps the team build". */
const TAKES_CLAUSE =
  /^(?:know|knew|think|thought|s[ae][ewy]|said|ensure|check|mean|found|notice|believe|hope|guess|help|let|ma[dk]e|show|so|that|because|when|if)/;

/** The tags of a word, corrected by the words beside it (as the transformations in Brill 1995). */
function tagsInContext(tokens: readonly TaggedWord[], at: number): ReadonlySet<string> {
  const { tags, lower, spelled } = tokens[at] as TaggedWord;
  const [before, next] = [tokens[at - 1], tokens[at + 1]];
  const has = (token: TaggedWord | undefined, ...names: string[]) => names.some((name) => token?.tags.has(name));
  if (spelled || has(tokens[at], 'Auxiliary', 'Copula', 'Modal')) return tags;
  const isForm = /[^s]s$/.test(lower);
  let start = at - 1;
  while (start > 0 && !has(tokens[start], 'Determiner') && has(tokens[start], 'Noun', 'Adjective')) start--;
  const isDetermined =
    start < at - 1 && has(tokens[start], 'Determiner') && has(before, 'Noun') && !before?.hasBreakAfter;
  const verb = tokens.slice(0, start).findLast((token) => has(token, 'Verb'));
  const isBelow =
    verb !== undefined && !TAKES_CLAUSE.test(verb.lower) && !TAKES_CLAUSE.test(tokens[start - 1]?.lower ?? '');
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

function withPlaceholders(text: string, names: readonly SpelledName[], dates: readonly DateMention[]): string {
  const places = [
    ...names.map((name, index) => ({ start: name.start, end: name.end, word: placeholder(index) })),
    ...dates.map((date) => ({ start: date.start, end: date.end, word: DATE_PLACEHOLDER })),
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

/** The tagger splits "opt-in" into two words. */
function hyphenatedTerms(terms: readonly Term[], start: number): Term[] {
  let end = start;
  while (terms[end]?.post === '-' && terms[end]?.text && terms[end + 1]?.text) end++;
  return terms.slice(start, end + 1);
}

function tokenOf(parts: readonly Term[], next: Term | undefined, names: readonly SpelledName[]): TaggedWord {
  const last = parts.at(-1) as Term;
  const written = parts.length > 1 ? parts.map((part) => part.text).join('-') : withoutContraction(last);
  const isHyphenated = parts.length > 1 && last.tags.has('Verb') && !last.tags.has('PastTense');
  const isPossessive = /['’]s?$/.test(written) && last.tags.has('Possessive');
  const text = isPossessive ? written.replace(/['’]s?$/, '') : written;
  const spelled = names[placeholderIndex(text)] ?? null;
  return {
    text,
    lower: text.toLowerCase(),
    tags: last.tags.has('RomanNumeral') ? ACRONYM_TAGS : isHyphenated ? HYPHENATED : last.tags,
    hasBreakAfter: /[^\s.'’]/.test(last.post) || /[^\s]/.test(next?.pre ?? ''),
    isPossessive,
    spelled,
  };
}

/** The tagger splits "pottery's" and "I'm" into two terms, the second without text. */
function withoutContraction(term: Term): string {
  if (!term.implicit) return term.text;
  const start = term.text.slice(0, term.implicit.length);
  return start.toLowerCase() === term.implicit ? start : term.implicit;
}

function placeholder(index: number): string {
  return `${PLACEHOLDER}${String.fromCharCode(97 + Math.floor(index / 26), 97 + (index % 26))}`;
}

function placeholderIndex(word: string): number {
  if (word.length !== PLACEHOLDER.length + 2 || !word.startsWith(PLACEHOLDER)) return -1;
  return (word.charCodeAt(PLACEHOLDER.length) - 97) * 26 + word.charCodeAt(PLACEHOLDER.length + 1) - 97;
}
