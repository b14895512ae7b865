import type { Mention } from './mentions.ts';
import { ADVERBS, HELPERS, type Phrase, PREPOSITIONS, phraseAt, type Reader } from './phrases.ts';
import { type Predicate, predicatesAt } from './predicates.ts';
import type { Token } from './tagging.ts';

/** A sentence, or its part, that was understood as a whole up to the end of its predicates. */
export interface Clause {
  /** Null for an order. */
  readonly subject: Phrase | 'speaker' | null;
  readonly predicates: readonly Predicate[];
  /** "the launch of Aquila", "the pilot in Lund" */
  readonly attribute?: { readonly preposition: string; readonly phrase: Phrase } | null;
  /** "…, traces to Tempo": others of which the same verb is said. */
  readonly others?: readonly { readonly subject: Phrase; readonly preposition: string; readonly phrase: Phrase }[];
}

const INTERJECTIONS = new Set(
  'yeah yes yep ok okay well so and but thanks wow oh reminder note fyi update hey hi'.split(' '),
);

/**
 * Reads a sentence from its beginning, as long as it is plain; null where no subject is followed by a verb.
 * @param labelled words of a label in front ("Decision: …")
 */
export function clauseOf(tokens: readonly Token[], mentions: readonly Mention[], labelled = 0): Clause | null {
  const reader = { tokens, mentions };
  let at = afterLead(tokens, labelled);
  const first = tokens[at];
  if (!first) return null;
  // "Wei: rotated the token"
  if (labelled === 1 && first.tags.has('PastTense')) {
    const subject = phraseAt(reader, 0);
    const predicates = subject?.isNamed && subject.next === 1 ? predicatesAt(reader, at) : [];
    return subject && predicates.length > 0 ? { subject, predicates } : null;
  }
  if (/^(?:i|we)$/.test(first.lower)) {
    const predicates = predicatesAt(reader, at + 1);
    return predicates.length > 0 ? { subject: 'speaker', predicates } : null;
  }
  if (isOrder(first, tokens[at + 1], at > 0)) {
    const predicates = predicatesAt(reader, at);
    return predicates.length > 0 ? { subject: null, predicates: predicates.slice(0, 1) } : null;
  }
  const noun = new Set('Noun'.split(' '));
  const isNoun = isNounFirst(tokens, at);
  const retagged = isNoun
    ? tokens.map((token, place) =>
        place === at || (place === at + 1 && token.tags.has('Gerund')) ? { ...token, tags: noun } : token,
      )
    : tokens;
  const subject = phraseAt({ ...reader, tokens: retagged }, at);
  if (!subject) {
    const verb = tokens.findIndex(
      ({ tags, lower }, place) => place > at && place < at + 4 && tags.has('Plural') && /[^s]s$/.test(lower),
    );
    return verb < 0 ? null : withVerbAt(reader, at, verb);
  }
  at = afterAttributes(reader, subject.next);
  const predicates = agrees(tokens, at, subject) ? predicatesAt(reader, at) : [];
  if (predicates.length === 0) return withVerbInPhrase(reader, subject, tokens);
  const preposition = tokens[subject.next]?.lower ?? '';
  const phrase = /^(?:of|in|at|for|with)$/.test(preposition) ? phraseAt(reader, subject.next + 1) : null;
  return { subject, attribute: phrase && { preposition, phrase }, predicates, others: othersAfter(reader, predicates) };
}

function othersAfter(reader: Reader, predicates: readonly Predicate[]): NonNullable<Clause['others']> {
  const { tokens } = reader;
  const [predicate] = predicates;
  const used = new Set(predicate?.led.map(({ preposition }) => preposition));
  const found: { subject: Phrase; preposition: string; phrase: Phrase }[] = [];
  if (predicates.length !== 1 || used.size === 0) return found;
  for (let at = 1; at < tokens.length; at++) {
    if (!tokens[at - 1]?.isParted && tokens[at - 1]?.lower !== 'and') continue;
    const subject = phraseAt(reader, at);
    const preposition = subject && tokens[subject.next]?.lower;
    const phrase = subject && preposition && used.has(preposition) ? phraseAt(reader, subject.next + 1) : null;
    const isTaken = predicate?.led.some((it) => it.phrase.mention.first === phrase?.mention.first);
    if (subject && preposition && phrase?.isNamed && !isTaken) found.push({ subject, preposition, phrase });
  }
  return found;
}

/** "Feature flags are …": the tagger takes the first word for an order. */
function isNounFirst(tokens: readonly Token[], at: number): boolean {
  const [first, next] = [tokens[at], tokens[at + 1]];
  if (
    !first?.tags.has('Imperative') ||
    ORDERS.has(first.lower) ||
    !(next?.tags.has('Noun') || next?.tags.has('Gerund'))
  )
    return false;
  return tokens.slice(at + 2, at + 4).some(({ tags }) => tags.has('PresentTense') || tags.has('Copula'));
}

function withVerbInPhrase(reader: Reader, subject: Phrase, tokens: readonly Token[]): Clause | null {
  const { first, last } = subject.mention;
  if (subject.isNamed || last <= first || !/[^s]s$/.test(tokens[last]?.lower ?? '')) return null;
  return withVerbAt(reader, first, last);
}

/** "The parser rejects empty lines": the tagger takes the verb for a plural and what follows for a verb. */
function withVerbAt({ tokens, mentions }: Reader, first: number, verb: number): Clause | null {
  const retagged = tokens.map((token, at) => {
    if (at === verb) return { ...token, tags: new Set('Verb PresentTense'.split(' ')) };
    return at === verb + 1 && token.tags.has('Verb') ? { ...token, tags: new Set('Adjective'.split(' ')) } : token;
  });
  const reader = { tokens: retagged, mentions };
  const subject = phraseAt(reader, first);
  const predicates = subject?.next === verb ? predicatesAt(reader, verb) : [];
  const isWhole = predicates.some(({ objects, led }) => objects.length > 0 || led.some(({ phrase }) => phrase.isNamed));
  return subject && isWhole ? { subject, predicates } : null;
}

/** "The health check in …": after one thing a verb of today ends in "s". */
function agrees(tokens: readonly Token[], at: number, { next }: Phrase): boolean {
  const head = tokens[next - 1];
  const verb = tokens.slice(at).find(({ lower, tags }) => !ADVERBS.has(lower) && !tags.has('Adverb'));
  if (
    !verb ||
    HELPERS.has(verb.lower) ||
    verb.tags.has('PastTense') ||
    /(?:ed|s)$/.test(verb.lower) ||
    PAST_FORMS.has(verb.lower)
  )
    return true;
  return head?.tags.has('Plural') === true || /[^s]s$/.test(head?.lower ?? '');
}

const PAST_FORMS = new Set(
  'began broke brought built came chose did drew drove fell felt found gave got had held kept knew left led lost made met moved paid put ran said sat saw sent set spent spoke stood took told thought went won wrote became cost'.split(
    ' ',
  ),
);

/** "Yesterday …", "Since March …", "Decision: …", "In two weeks …". */
function afterLead(tokens: readonly Token[], labelled: number): number {
  let at = labelled;
  while (at < labelled + 6) {
    const token = tokens[at];
    const next = tokens[at + 1];
    if (!token) break;
    if (token.tags.has('Date') || ((ADVERBS.has(token.lower) || INTERJECTIONS.has(token.lower)) && !token.technical))
      at += 1;
    else if (PREPOSITIONS.has(token.lower) && next?.tags.has('Date')) at += 2;
    else break;
  }
  return at;
}

function isOrder(first: Token, next: Token | undefined, isLater: boolean): boolean {
  if (first.technical || first.tags.has('Gerund') || !(isLater || /^\p{Lu}/u.test(first.text))) return false;
  return ORDERS.has(first.lower) && next !== undefined && !next.tags.has('Verb') && next.lower !== 'of';
}

const ORDERS = new Set(
  'use run install set put call check keep write add open start stop read avoid prefer ask copy place pass import pin connect'.split(
    ' ',
  ),
);

/** Over "of the team", "in Lund", "(the web console)" and ", the web console," between subject and verb. */
function afterAttributes(reader: Reader, from: number): number {
  const { tokens } = reader;
  let at = from;
  for (let times = 0; times < 3; times++) {
    const token = tokens[at];
    if (token && PREPOSITIONS.has(token.lower) && !token.technical) {
      const phrase = phraseAt(reader, at + 1);
      const next = tokens[at + 1]?.tags.has('Date') ? at + 2 : phrase?.next;
      if (next === undefined) return at;
      at = next;
    } else if (tokens[at - 1]?.isParted && token?.tags.has('Determiner')) {
      const apposition = phraseAt(reader, at);
      if (!apposition || !tokens[apposition.next - 1]?.isParted) return at;
      at = apposition.next;
    } else return at;
  }
  return at;
}
