import type { NameMention } from './names.ts';
import type { TaggedWord } from './tagging.ts';
import {
  ADVERBS,
  AUXILIARIES,
  CHUNK_PREPOSITIONS,
  EMPTY_ADJECTIVES,
  EMPTY_NOUNS,
  FORMS_OF_BE,
  PAST_STATES,
} from './vocabulary.ts';

/** A name or a common noun, with the words that specify it. */
export interface NounPhrase {
  readonly mention: NameMention;
  readonly isNamed: boolean;
  /** Belongs to the subject or the speaker: "its sessions". */
  readonly isOwn: boolean;
  /** Index of the token after the phrase. */
  readonly next: number;
}

/** A sentence as input of the parser. */
export interface Sentence {
  readonly tokens: readonly TaggedWord[];
  readonly mentions: readonly NameMention[];
}

const DETERMINER = /^(?:the|a|an|our|my|its|their|his|her|your|this|these|that|all|each|every|both)$/;
const POSSESSIVE = /^(?:our|my|its|their|his|her|your)$/;
const OUTSIDE_PHRASES = 'Pronoun Determiner Date Preposition Conjunction QuestionWord Expression Value Adverb'.split(
  ' ',
);
/** Words in the name of a common entity. */
const MAX_WORDS = 3;
const MAX_CHARACTERS = 40;

/** The noun phrase that begins at this token; null if there is none or if its name is too general. */
export function nounPhraseAt(sentence: Sentence, from: number): NounPhrase | null {
  const { tokens, mentions } = sentence;
  let first = from;
  while (first < from + 2 && isDeterminer(tokens[first])) first++;
  let last = first - 1;
  let named: NameMention | null = null;
  while (last < first || !(tokens[last]?.hasBreakAfter || tokens[last]?.isPossessive)) {
    const mention: NameMention | undefined = named ? undefined : mentions.find((one) => one.first === last + 1);
    if (mention) {
      named = mention;
      last = mention.last;
    } else if (isPhraseWord(tokens[last + 1]) || isMistaggedNoun(tokens, last + 1)) last += 1;
    else break;
  }
  if (last < first) return null;
  // "Harbor's build" names the build.
  if (tokens[last]?.isPossessive) return isDeterminer(tokens[last + 1]) ? null : nounPhraseAt(sentence, last + 1);
  const isOwn = first > from && POSSESSIVE.test(tokens[first - 1]?.lower ?? '');
  if (named) return namedPhrase(tokens, named, first, last, isOwn);
  const name = tokens[last + 1]?.tags.has('Value') ? null : commonName(tokens, first, last);
  return name === null
    ? null
    : { mention: { entity: { name, type: 'Entity' }, first, last }, isNamed: false, isOwn, next: last + 1 };
}

/** "the Stripe client" names the client; "room 214" and "Valkey 8" are names as they are. */
function namedPhrase(
  tokens: readonly TaggedWord[],
  named: NameMention,
  first: number,
  last: number,
  isOwn: boolean,
): NounPhrase | null {
  if (named.last === last) return { mention: named, isNamed: true, isOwn, next: last + 1 };
  const words = tokens.slice(named.first, last + 1);
  const head = words.at(-1);
  if (!head?.tags.has('Noun') || words.length > 4 || EMPTY_NOUNS.has(head.lower) || named.entity.type === 'Person')
    return null;
  if (tokens.slice(first, named.first).some(({ tags }) => tags.has('Noun'))) return null;
  const name = [named.entity.name, ...tokens.slice(named.last + 1, last + 1).map(({ text }) => text)].join(' ');
  return {
    mention: { entity: { name, type: 'Entity' }, first: named.first, last },
    isNamed: true,
    isOwn,
    next: last + 1,
  };
}

export const isDeterminer = (token: TaggedWord | undefined): boolean =>
  token !== undefined && !token.spelled && DETERMINER.test(token.lower);

function isPhraseWord(token: TaggedWord | undefined): boolean {
  if (!token || token.spelled || isDeterminer(token) || !/^\p{L}[\p{L}\p{N}'’-]*$/u.test(token.text)) return false;
  const { tags, lower } = token;
  if (OUTSIDE_PHRASES.some((tag) => tags.has(tag)) || CHUNK_PREPOSITIONS.has(lower) || AUXILIARIES.has(lower))
    return false;
  return tags.has('Noun') || tags.has('Adjective');
}

/** "RAUC bundles are signed", "the tests now run": a word directly before a verb is a noun, even if the tagger says verb. */
function isMistaggedNoun(tokens: readonly TaggedWord[], at: number): boolean {
  const [token, next, after] = tokens.slice(at, at + 3);
  if (!token || token.spelled || !token.tags.has('Verb') || !/[^s]s$/.test(token.lower) || AUXILIARIES.has(token.lower))
    return false;
  if (AUXILIARIES.has(next?.lower ?? '') && next?.lower !== 'had') return true;
  return ADVERBS.has(next?.lower ?? '') && after?.tags.has('Verb') === true;
}

function commonName(tokens: readonly TaggedWord[], from: number, last: number): string | null {
  let first = Math.max(from, last - MAX_WORDS + 1);
  while (first < last && EMPTY_ADJECTIVES.has(tokens[first]?.lower ?? '')) first++;
  const head = tokens[last];
  if (!head || last - from >= 4 || !(head.tags.has('Noun') || head.tags.has('Hyphenated'))) return null;
  if (EMPTY_NOUNS.has(head.lower) || EMPTY_ADJECTIVES.has(head.lower) || head.lower.length < 3) return null;
  const name = tokens
    .slice(first, last + 1)
    .map(({ text }) => (/^\p{Lu}\p{Ll}/u.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text))
    .join(' ');
  return name.length <= MAX_CHARACTERS ? name : null;
}

/** A noun phrase with the preposition before it. */
export interface PrepositionalPhrase {
  readonly preposition: string;
  readonly phrase: NounPhrase;
}

/** One verb with its objects. */
export interface Predicate {
  /** Its words without auxiliaries: `["keeps"]`, `["falls", "back"]`. */
  readonly verb: readonly string[];
  readonly isCopula: boolean;
  readonly isPassive: boolean;
  readonly isFuture: boolean;
  /** A state in the past, such as "was", "used", "ran on", which may have ended. */
  readonly isPastState: boolean;
  /** The object is a pronoun whose meaning is unknown: "fixed it in 2.1". */
  readonly hasPronoun: boolean;
  readonly objects: readonly NounPhrase[];
  readonly prepositional: readonly PrepositionalPhrase[];
  /** Index of the token after the predicate. */
  readonly next: number;
}

const OBJECT_PRONOUN = /^(?:it|them|him|her|us|me)$/;
const PARTICLES = new Set('up out off down away back along over'.split(' '));

/** The predicates that begin at this token, joined by "and" or a comma, each with its objects. */
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
  const group: TaggedWord[] = [];
  let at = from;
  for (let token = tokens[at]; token && isVerbGroupWord(token, group); token = tokens[++at]) {
    group.push(token);
    if (token.hasBreakAfter) return null;
  }
  const words = group.filter(({ lower, tags }) => !tags.has('Adverb') && !ADVERBS.has(lower));
  const main = words.at(-1);
  if (!main || words.length > 4) return null;
  const isNegated = words.some(({ lower, tags }) => tags.has('Negative') || /^(?:not|never|no)$|n't$/.test(lower));
  // "does not support" becomes a relation; "is not", "has not" and "never" are too vague.
  if (isNegated && !/^(?:does|do|cannot) not \S+$/.test(words.map(({ lower }) => lower).join(' '))) return null;
  const isCopula = FORMS_OF_BE.has(main.lower) || /^becom|^became$/.test(main.lower);
  const isPassive =
    !isCopula && words.slice(0, -1).some(({ lower }) => FORMS_OF_BE.has(lower)) && !main.tags.has('Gerund');
  const verb = words
    .filter(({ lower }, place) => isNegated || place === words.length - 1 || !AUXILIARIES.has(lower))
    .map(({ lower }) => lower);
  const particle = tokens[at];
  const isLive = particle?.lower === 'live' && /^(?:goe?s?|went)$/.test(main.lower);
  if (particle && !particle.hasBreakAfter && (isLive || PARTICLES.has(particle.lower))) {
    verb.push(particle.lower);
    at += 1;
  }
  const complements = complementsAt(sentence, at);
  const isFuture = words.some(({ lower }) => lower === 'will');
  if (!complements) return null;
  const isPast = PAST_STATES.has(main.lower) || words.some(({ lower }) => lower === 'had');
  const isPastState = isPast && !isPassive && (isCopula || PAST_STATES.has(main.lower));
  const { particles, ...others } = complements;
  return { verb: [...verb, ...particles], isCopula, isPassive, isFuture, isPastState, ...others };
}

/** The objects and prepositional phrases after a verb; null if it has two objects ("gives every task its size"). */
function complementsAt(sentence: Sentence, from: number) {
  const { tokens } = sentence;
  const objects: NounPhrase[] = [];
  const prepositional: PrepositionalPhrase[] = [];
  const particles: string[] = [];
  let at = from;
  let [isAfterDate, hasPronoun] = [false, false];
  while (at < tokens.length && prepositional.length < 3) {
    const token = tokens[at] as TaggedWord;
    if (token.tags.has('Date')) {
      at += 1;
      isAfterDate = true;
    } else if (objects.length > 0 && prepositional.length + particles.length === 0 && isParticle(sentence, at)) {
      particles.push(token.lower);
      at += 1;
    } else if (CHUNK_PREPOSITIONS.has(token.lower) && !token.spelled) {
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
      else if (ADVERBS.has(token.lower) || (OBJECT_PRONOUN.test(token.lower) && !token.hasBreakAfter)) {
        hasPronoun ||= /^(?:it|them|him|her)$/.test(token.lower);
        at += 1;
      } else break;
      if (
        phrase &&
        !tokens[at - 1]?.hasBreakAfter &&
        /^(?:the|an?|its|their|his|her|our|my)$/.test(tokens[at]?.lower ?? '')
      )
        return null;
    } else break;
    if (tokens[at - 1]?.hasBreakAfter && !tokens[at - 1]?.tags.has('Date')) break;
  }
  return { objects, prepositional, particles, hasPronoun, next: at };
}

/** "takes the gripper over from Kenji", but not "sends the files over SSH". */
function isParticle(sentence: Sentence, at: number): boolean {
  const [token, next] = sentence.tokens.slice(at, at + 2);
  return PARTICLES.has(token?.lower ?? '') && !next?.tags.has('Date') && nounPhraseAt(sentence, at + 1) === null;
}

/** Adds the objects of a list ("Node, Deno and Bun"), unless a verb follows. Returns the index of the token after the last one. */
function addObjects(sentence: Sentence, first: NounPhrase, objects: NounPhrase[]): number {
  const { tokens } = sentence;
  objects.push(first);
  let at = first.next;
  while (first.isNamed) {
    const isJoined = tokens[at]?.lower === 'and';
    const other = isJoined || tokens[at - 1]?.hasBreakAfter ? nounPhraseAt(sentence, at + (isJoined ? 1 : 0)) : null;
    if (!other?.isNamed || isVerbGroupWord(tokens[other.next], [])) break;
    objects.push(other);
    at = other.next;
  }
  return at;
}

function isVerbGroupWord(token: TaggedWord | undefined, group: readonly TaggedWord[]): boolean {
  if (!token || token.spelled) return false;
  if (AUXILIARIES.has(token.lower) || token.tags.has('Negative') || /^(?:not|never)$/.test(token.lower)) return true;
  if (token.tags.has('Adverb') || ADVERBS.has(token.lower)) return true;
  const last = group.at(-1);
  // Only one full verb: "has to be paid" and "wants to sell" are not supported.
  if (last?.tags.has('Verb') && !AUXILIARIES.has(last.lower)) return false;
  if (token.tags.has('Verb')) return !token.tags.has('Modal') || token.lower === 'will';
  return Boolean(last && FORMS_OF_BE.has(last.lower) && /[^e]ed$/.test(token.lower));
}
