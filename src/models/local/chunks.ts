import type { Mention } from './names.ts';
import type { Token } from './tagging.ts';
import { ADVERBS, BE, EMPTY_ADJECTIVES, EMPTY_NOUNS, HELPERS, PREPOSITIONS } from './vocabulary.ts';

/** A name, or a common thing with the words that say which one. */
export interface NounPhrase {
  readonly mention: Mention;
  readonly isNamed: boolean;
  /** The place of the token after it. */
  readonly next: number;
}

/** A sentence as the parser sees it. */
export interface Sentence {
  readonly tokens: readonly Token[];
  readonly mentions: readonly Mention[];
}

const DETERMINER = /^(?:the|a|an|our|my|its|their|his|her|your|this|these|that|all|each|every|both)$/;
const NO_PART_OF_PHRASE = 'Pronoun Determiner Date Preposition Conjunction QuestionWord Expression Value Adverb'.split(
  ' ',
);
/** Words of a common thing. */
const MOST_WORDS = 3;
const LONGEST = 40;

/** The noun phrase that begins here; null for none, and for one that names nothing in particular. */
export function nounPhraseAt(sentence: Sentence, from: number): NounPhrase | null {
  const { tokens, mentions } = sentence;
  let first = from;
  while (first < from + 2 && isDeterminer(tokens[first])) first++;
  let last = first - 1;
  let named: Mention | null = null;
  while (last < first || !(tokens[last]?.isParted || tokens[last]?.isPossessive)) {
    const mention: Mention | undefined = named ? undefined : mentions.find((one) => one.first === last + 1);
    if (mention) {
      named = mention;
      last = mention.last;
    } else if (belongs(tokens[last + 1]) || isNounByPlace(tokens, last + 1)) last += 1;
    else break;
  }
  if (last < first) return null;
  // "Harbor's build" is the build.
  if (tokens[last]?.isPossessive) return isDeterminer(tokens[last + 1]) ? null : nounPhraseAt(sentence, last + 1);
  if (named) return namedPhrase(tokens, named, first, last);
  const name = tokens[last + 1]?.tags.has('Value') ? null : commonName(tokens, first, last);
  return name === null
    ? null
    : { mention: { thing: { name, type: 'Entity' }, first, last }, isNamed: false, next: last + 1 };
}

/** "the Stripe client" is the client; "room 214" and "Valkey 8" are names as they stand. */
function namedPhrase(tokens: readonly Token[], named: Mention, first: number, last: number): NounPhrase | null {
  if (named.last === last) return { mention: named, isNamed: true, next: last + 1 };
  const words = tokens.slice(named.first, last + 1);
  const head = words.at(-1);
  if (!head?.tags.has('Noun') || words.length > 4 || EMPTY_NOUNS.has(head.lower) || named.thing.type === 'Person')
    return null;
  if (tokens.slice(first, named.first).some(({ tags }) => tags.has('Noun'))) return null;
  const name = [named.thing.name, ...tokens.slice(named.last + 1, last + 1).map(({ text }) => text)].join(' ');
  return { mention: { thing: { name, type: 'Entity' }, first: named.first, last }, isNamed: true, next: last + 1 };
}

export const isDeterminer = (token: Token | undefined): boolean =>
  token !== undefined && !token.spelled && DETERMINER.test(token.lower);

function belongs(token: Token | undefined): boolean {
  if (!token || token.spelled || isDeterminer(token) || !/^\p{L}[\p{L}\p{N}'’-]*$/u.test(token.text)) return false;
  const { tags, lower } = token;
  if (NO_PART_OF_PHRASE.some((tag) => tags.has(tag)) || PREPOSITIONS.has(lower) || HELPERS.has(lower)) return false;
  return tags.has('Noun') || tags.has('Adjective');
}

/** "RAUC bundles are signed", "the tests now run": what a verb follows is no verb. */
function isNounByPlace(tokens: readonly Token[], at: number): boolean {
  const [token, next, after] = tokens.slice(at, at + 3);
  if (!token || token.spelled || !token.tags.has('Verb') || !/[^s]s$/.test(token.lower) || HELPERS.has(token.lower))
    return false;
  if (HELPERS.has(next?.lower ?? '') && next?.lower !== 'had') return true;
  return ADVERBS.has(next?.lower ?? '') && after?.tags.has('Verb') === true;
}

function commonName(tokens: readonly Token[], from: number, last: number): string | null {
  let first = Math.max(from, last - MOST_WORDS + 1);
  while (first < last && EMPTY_ADJECTIVES.has(tokens[first]?.lower ?? '')) first++;
  const head = tokens[last];
  if (!head || last - from >= 4 || !(head.tags.has('Noun') || head.tags.has('Hyphenated'))) return null;
  if (EMPTY_NOUNS.has(head.lower) || EMPTY_ADJECTIVES.has(head.lower) || head.lower.length < 3) return null;
  const name = tokens
    .slice(first, last + 1)
    .map(({ text }) => (/^\p{Lu}\p{Ll}/u.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text))
    .join(' ');
  return name.length <= LONGEST ? name : null;
}

/** A noun phrase and the preposition in front of it. */
export interface Prepositional {
  readonly preposition: string;
  readonly phrase: NounPhrase;
}

/** One verb with its objects. */
export interface Predicate {
  /** As written, without auxiliaries: `["keeps"]`, `["falls", "back"]`. */
  readonly verb: readonly string[];
  readonly isCopula: boolean;
  readonly isPassive: boolean;
  readonly isFuture: boolean;
  readonly objects: readonly NounPhrase[];
  readonly prepositional: readonly Prepositional[];
  /** The place of the token after it. */
  readonly next: number;
}

const PARTICLES = new Set('up out off down away back along over'.split(' '));

/** The verbs that stand here, joined by "and", each with what belongs to it. */
export function predicatesAt(sentence: Sentence, from: number): Predicate[] {
  const found: Predicate[] = [];
  for (let at: number | null = from; at !== null && found.length < 3; ) {
    const read = predicateAt(sentence, at);
    if (!read) break;
    found.push(read);
    at = /^(?:and|,)$/.test(sentence.tokens[read.next]?.lower ?? '') ? read.next + 1 : null;
  }
  return found;
}

function predicateAt(sentence: Sentence, from: number): Predicate | null {
  const { tokens } = sentence;
  const group: Token[] = [];
  let at = from;
  for (let token = tokens[at]; token && isVerbal(token, group); token = tokens[++at]) {
    group.push(token);
    if (token.isParted) return null;
  }
  const words = group.filter(({ lower, tags }) => !tags.has('Adverb') && !ADVERBS.has(lower));
  const main = words.at(-1);
  if (!main || words.length > 4) return null;
  const isNegated = words.some(({ lower, tags }) => tags.has('Negative') || /^(?:not|never|no)$|n't$/.test(lower));
  // "does not support" is said as such; "is not", "has not" and "never" say too little.
  if (isNegated && !/^(?:does|do|cannot) not \S+$/.test(words.map(({ lower }) => lower).join(' '))) return null;
  const isCopula = BE.has(main.lower) || /^becom|^became$/.test(main.lower);
  const isPassive = !isCopula && words.slice(0, -1).some(({ lower }) => BE.has(lower)) && !main.tags.has('Gerund');
  const verb = words
    .filter(({ lower }, place) => isNegated || place === words.length - 1 || !HELPERS.has(lower))
    .map(({ lower }) => lower);
  const particle = tokens[at];
  const isLive = particle?.lower === 'live' && /^(?:goe?s?|went)$/.test(main.lower);
  if (particle && !particle.isParted && (isLive || PARTICLES.has(particle.lower))) {
    verb.push(particle.lower);
    at += 1;
  }
  const complements = complementsAt(sentence, at);
  const isFuture = words.some(({ lower }) => lower === 'will');
  return complements && { verb, isCopula, isPassive, isFuture, ...complements };
}

/** Objects and prepositional phrases up to where something else begins; null for two objects ("gives every task its size"). */
function complementsAt(sentence: Sentence, from: number) {
  const { tokens } = sentence;
  const objects: NounPhrase[] = [];
  const prepositional: Prepositional[] = [];
  let at = from;
  let isAfterDate = false;
  while (at < tokens.length && prepositional.length < 3) {
    const token = tokens[at] as Token;
    if (token.tags.has('Date')) {
      at += 1;
      isAfterDate = true;
    } else if (PREPOSITIONS.has(token.lower) && !token.spelled) {
      const phrase = nounPhraseAt(sentence, at + 1);
      const isSkipped = tokens[at + 1]?.tags.has('Date') || (!phrase && tokens[at + 1]?.tags.has('Value'));
      if (!phrase && !isSkipped) break;
      if (phrase && !isSkipped) prepositional.push({ preposition: token.lower, phrase });
      at = isSkipped ? at + 2 : (phrase?.next ?? at + 1);
    } else if (token.lower === 'and' && objects.length > 0 && prepositional.length > 0) {
      // "keeps its sessions in Redis and its jobs in RabbitMQ"
      const other = nounPhraseAt(sentence, at + 1);
      const preposition = other ? (tokens[other.next]?.lower ?? '') : '';
      const phrase =
        other && preposition === prepositional[0]?.preposition ? nounPhraseAt(sentence, other.next + 1) : null;
      if (!phrase) break;
      prepositional.push({ preposition, phrase });
      at = phrase.next;
    } else if (objects.length === 0 && prepositional.length === 0 && !isAfterDate) {
      const phrase = nounPhraseAt(sentence, at);
      if (phrase) at = addObjects(sentence, phrase, objects);
      else if (ADVERBS.has(token.lower) || (/^(?:it|them|us|him|her|me)$/.test(token.lower) && !token.isParted))
        at += 1;
      else break;
      if (phrase && !tokens[at - 1]?.isParted && /^(?:the|an?|its|their|his|her|our|my)$/.test(tokens[at]?.lower ?? ''))
        return null;
    } else break;
    if (tokens[at - 1]?.isParted && !tokens[at - 1]?.tags.has('Date')) break;
  }
  return { objects, prepositional, next: at };
}

/** "Node, Deno and Bun": more of the same, where no verb follows. Gives the place after the last. */
function addObjects(sentence: Sentence, first: NounPhrase, objects: NounPhrase[]): number {
  const { tokens } = sentence;
  objects.push(first);
  let at = first.next;
  while (first.isNamed) {
    const isJoined = tokens[at]?.lower === 'and';
    const other = isJoined || tokens[at - 1]?.isParted ? nounPhraseAt(sentence, at + (isJoined ? 1 : 0)) : null;
    if (!other?.isNamed || isVerbal(tokens[other.next], [])) break;
    objects.push(other);
    at = other.next;
  }
  return at;
}

function isVerbal(token: Token | undefined, group: readonly Token[]): boolean {
  if (!token || token.spelled) return false;
  if (HELPERS.has(token.lower) || token.tags.has('Negative') || /^(?:not|never)$/.test(token.lower)) return true;
  if (token.tags.has('Adverb') || ADVERBS.has(token.lower)) return true;
  const last = group.at(-1);
  // One verb only: "has to be paid" and "wants to sell" are said otherwise.
  if (last?.tags.has('Verb') && !HELPERS.has(last.lower)) return false;
  if (token.tags.has('Verb')) return !token.tags.has('Modal') || token.lower === 'will';
  return Boolean(last && BE.has(last.lower) && /[^e]ed$/.test(token.lower));
}
