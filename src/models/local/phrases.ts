import type { Mention } from './mentions.ts';
import type { Token } from './tagging.ts';
import { EMPTY_ADJECTIVES, EMPTY_NOUNS } from './vocabulary.ts';

/** A noun phrase: a name, or a common thing with the words that say which one. */
export interface Phrase {
  readonly mention: Mention;
  readonly isNamed: boolean;
  /** The place after it. */
  readonly next: number;
}

export interface Reader {
  readonly tokens: readonly Token[];
  readonly mentions: readonly Mention[];
}

export const PREPOSITIONS: ReadonlySet<string> = new Set(
  'in on at to from with by for of into over under via through as about against between onto within without than around after before since until per upon'.split(
    ' ',
  ),
);

export const ADVERBS = new Set(
  'now also only always still already currently usually mostly just then recently finally again both please even later soon today here there together'.split(
    ' ',
  ),
);

const MOST_WORDS = 3;

export const BE = new Set('be am is are was were been being'.split(' '));

export const HELPERS = new Set([...BE, 'has', 'have', 'had', 'will', 'do', 'does', 'did', 'has been']);

/** The noun phrase that begins here. */
export function phraseAt(reader: Reader, from: number): Phrase | null {
  const { tokens } = reader;
  let first = from;
  while (first < from + 2 && isDeterminer(tokens[first])) first++;
  let last = first - 1;
  let named: Mention | null = null;
  for (;;) {
    const mention = reader.mentions.find((it) => it.first === last + 1);
    if (mention && !named) {
      named = mention;
      last = mention.last;
    } else if (belongs(tokens[last + 1]) || isNounByPlace(tokens, last + 1)) last += 1;
    else break;
    if (tokens[last]?.isParted || tokens[last]?.isPossessive) break;
  }
  if (last < first) return null;
  if (tokens[last]?.isPossessive) {
    const owned = phraseAt(reader, last + 1);
    return owned && !isDeterminer(tokens[last + 1]) ? owned : null;
  }
  if (named) return namedPhrase(tokens, named, first, last);
  const thing = tokens[last + 1]?.tags.has('Value') ? null : commonThing(tokens, first, last);
  return thing === null
    ? null
    : { mention: { thing: { name: thing, type: 'Entity' }, first, last }, isNamed: false, next: last + 1 };
}

/** "the Stripe client" is the client; "room 214" and "Valkey 8" are names as they stand. */
function namedPhrase(tokens: readonly Token[], named: Mention, first: number, last: number): Phrase | null {
  if (named.last === last) return { mention: named, isNamed: true, next: last + 1 };
  const words = tokens.slice(named.first, last + 1);
  const head = words.at(-1);
  if (!head?.tags.has('Noun') || words.length > 4) return null;
  if (EMPTY_NOUNS.has(head.lower) || named.thing.type === 'Person') return null;
  const before = tokens.slice(first, named.first);
  if (before.some(({ tags }) => tags.has('Noun'))) return null;
  const name = [named.thing.name, ...tokens.slice(named.last + 1, last + 1).map(({ text }) => text)].join(' ');
  return { mention: { thing: { name, type: 'Entity' }, first: named.first, last }, isNamed: true, next: last + 1 };
}

export function isDeterminer(token: Token | undefined): boolean {
  if (!token || token.technical) return false;
  return /^(?:the|a|an|our|my|its|their|his|her|your|this|these|that|all|each|every|both)$/.test(token.lower);
}

function belongs(token: Token | undefined): boolean {
  if (!token || token.technical || isDeterminer(token) || !/^[\p{L}][\p{L}\p{N}'’-]*$/u.test(token.text)) return false;
  if (
    [
      'Pronoun',
      'Determiner',
      'Date',
      'Preposition',
      'Conjunction',
      'QuestionWord',
      'Expression',
      'Value',
      'Adverb',
    ].some((tag) => token.tags.has(tag))
  )
    return false;
  if (token.tags.has('Verb') && !token.tags.has('Noun') && !token.tags.has('Adjective')) return false;
  return (
    !PREPOSITIONS.has(token.lower) &&
    !HELPERS.has(token.lower) &&
    (token.tags.has('Noun') || token.tags.has('Adjective'))
  );
}

/** "RAUC bundles are signed", "the tests now run": what a verb follows is no verb. */
function isNounByPlace(tokens: readonly Token[], at: number): boolean {
  const [token, next, after] = tokens.slice(at, at + 3);
  if (!token || token.technical || !token.tags.has('Verb') || !/[^s]s$/.test(token.lower) || HELPERS.has(token.lower))
    return false;
  if (HELPERS.has(next?.lower ?? '') && next?.lower !== 'had') return true;
  return ADVERBS.has(next?.lower ?? '') && after?.tags.has('Verb') === true;
}

function commonThing(tokens: readonly Token[], from: number, last: number): string | null {
  let first = Math.max(from, last - MOST_WORDS + 1);
  while (first < last && EMPTY_ADJECTIVES.has(tokens[first]?.lower ?? '')) first++;
  const head = tokens[last];
  if (!head || last - from >= 4 || !(head.tags.has('Noun') || head.tags.has('Hyphenated'))) return null;
  if (EMPTY_NOUNS.has(head.lower) || EMPTY_ADJECTIVES.has(head.lower) || head.lower.length < 3) return null;
  const name = tokens
    .slice(first, last + 1)
    .map(({ text }, place) => (place + first > 0 && /^\p{Lu}\p{Lu}/u.test(text) ? text : lowered(text)))
    .join(' ');
  return name.length <= 40 ? name : null;
}

const lowered = (word: string): string =>
  /^\p{Lu}\p{Ll}/u.test(word) ? word.charAt(0).toLowerCase() + word.slice(1) : word;
