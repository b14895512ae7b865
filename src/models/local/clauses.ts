import {
  type NounPhrase,
  nounPhraseAt,
  type Predicate,
  type PrepositionalPhrase,
  predicatesAt,
  type Sentence,
} from './chunks.ts';
import type { TaggedWord } from './tagging.ts';
import { ADVERBS, CHUNK_PREPOSITIONS, IMPERATIVE_VERBS, INTERJECTIONS } from './vocabulary.ts';

/** One statement of a sentence: a subject with its predicates. */
export interface Clause {
  /**
   * `speaker`, `he` or `she` for a pronoun; null for an imperative and for a note without a subject ("Upgraded Next.js in checkout-web").
   */
  readonly subject: NounPhrase | 'speaker' | 'he' | 'she' | null;
  /** An imperative, so not done yet: "copy .env.example to .env". */
  readonly isImperative?: boolean;
  readonly predicates: readonly Predicate[];
  /** A phrase after the subject: "the launch of Aquila", "the pilot in Lund". */
  readonly attribute?: PrepositionalPhrase | null;
  /** "…, traces to Tempo": further subjects of the same verb. */
  readonly gapped?: readonly (PrepositionalPhrase & { readonly subject: NounPhrase })[];
}

const MAX_CLAUSES = 4;
const VERB: ReadonlySet<string> = new Set(['Verb', 'PresentTense']);
const NOUN: ReadonlySet<string> = new Set(['Noun']);
const ADJECTIVE: ReadonlySet<string> = new Set(['Adjective']);

/**
 * Finds the clauses of a sentence by shallow parsing: noun phrases and verb groups are chunks of parts of speech (Abney 1991, "Parsing by
 * Chunks"). A clause is a subject, its verb group and the objects and prepositional phrases that follow (as in Del Corro and Gemulla 2013,
 * "ClausIE", without their dependency parse). Another clause can begin after "and", "but", "while" or a comma. The rest of the sentence is
 * ignored.
 * @param labelled number of words in a label at the beginning ("Decision: …")
 */
export function parseClauses(sentence: Sentence, labelled = 0): Clause[] {
  const { tokens } = sentence;
  const found: Clause[] = [];
  let at = skipLeadIn(tokens, labelled);
  while (found.length < MAX_CLAUSES) {
    const read = clauseAt(sentence, at, found.length === 0);
    if (!read) break;
    found.push(read.clause);
    at = read.next;
    if (read.clause.gapped?.length) break;
    if (/^(?:and|but|while|whereas|so)$/.test(tokens[at]?.lower ?? '')) at = skipLeadIn(tokens, at + 1);
    else if (!tokens[at - 1]?.hasBreakAfter) break;
  }
  return found;
}

function clauseAt(sentence: Sentence, at: number, isFirst: boolean): { clause: Clause; next: number } | null {
  const { tokens } = sentence;
  const first = tokens[at];
  if (!first) return null;
  const pronoun = /^(?:i|we)$/.test(first.lower) ? 'speaker' : /^(?:he|she)$/.exec(first.lower)?.[0];
  if (pronoun) return makeClause(pronoun as 'speaker' | 'he' | 'she', predicatesAt(sentence, at + 1));
  if (isFirst && isSubjectless(first, tokens[at + 1]))
    return makeClause(null, predicatesAt(sentence, at).slice(0, 1), {
      isImperative: IMPERATIVE_VERBS.has(first.lower),
    });
  const subject = nounPhraseAt(withNounsRetagged(sentence, at), at);
  if (!subject) return clauseWithMistaggedVerb(sentence, at, at + 4);
  const end = skipAttributes(sentence, subject.next);
  const predicates = predicatesAt(sentence, end);
  if (predicates.length === 0) return subject.isNamed ? null : clauseWithMistaggedVerb(sentence, at, subject.next);
  if (end > subject.next && !subject.isNamed && !isDefinite(tokens[at])) return null;
  const preposition = tokens[subject.next]?.lower ?? '';
  const phrase = /^(?:of|in|at|for|with)$/.test(preposition) ? nounPhraseAt(sentence, subject.next + 1) : null;
  const attribute = phrase && { preposition, phrase };
  return makeClause(subject, predicates, { attribute, gapped: gappedAfter(sentence, predicates) });
}

function makeClause(subject: Clause['subject'], read: readonly Predicate[], rest: Partial<Clause> = {}) {
  const last = read.at(-1);
  return last ? { clause: { subject, predicates: read, ...rest }, next: last.next } : null;
}

/** Skips "Yesterday …", "Since March …", "In two weeks …". */
function skipLeadIn(tokens: readonly TaggedWord[], from: number): number {
  let at = from;
  while (at < from + 6) {
    const [token, next] = [tokens[at], tokens[at + 1]];
    if (!token) break;
    const isSkipped = ADVERBS.has(token.lower) || INTERJECTIONS.has(token.lower);
    if (token.tags.has('Date') || (isSkipped && !token.spelled)) at += 1;
    else if (CHUNK_PREPOSITIONS.has(token.lower) && next?.tags.has('Date')) at += 2;
    else break;
  }
  return at;
}

/** An imperative, or a note that begins with a verb in the past tense. */
function isSubjectless(first: TaggedWord, next: TaggedWord | undefined): boolean {
  if (first.spelled || !next || next.tags.has('Verb') || next.lower === 'of') return false;
  return IMPERATIVE_VERBS.has(first.lower) || (first.tags.has('PastTense') && /ed$/.test(first.lower));
}

/** "Feature flags are …": the tagger takes the first word for an imperative. */
function withNounsRetagged(sentence: Sentence, at: number): Sentence {
  const { tokens } = sentence;
  const [first, next] = [tokens[at], tokens[at + 1]];
  const isNoun = next?.tags.has('Noun') || next?.tags.has('Gerund');
  if (!first?.tags.has('Imperative') || IMPERATIVE_VERBS.has(first.lower) || !isNoun) return sentence;
  if (!tokens.slice(at + 2, at + 4).some(({ tags }) => tags.has('PresentTense') || tags.has('Copula'))) return sentence;
  const retagged = tokens.map((token, place) =>
    place === at || (place === at + 1 && token.tags.has('Gerund')) ? { ...token, tags: NOUN } : token,
  );
  return { ...sentence, tokens: retagged };
}

/** "The parser rejects empty lines": the tagger takes "rejects" for a plural and "empty" for a verb. */
function clauseWithMistaggedVerb(sentence: Sentence, from: number, until: number): ReturnType<typeof clauseAt> {
  const verb = sentence.tokens.findLastIndex(
    ({ tags, lower }, place) => place > from && place < until && tags.has('Plural') && /[^s]s$/.test(lower),
  );
  if (verb < 0) return null;
  const tokens = sentence.tokens.map((token, at) => {
    if (at === verb) return { ...token, tags: VERB };
    return at === verb + 1 && token.tags.has('Verb') ? { ...token, tags: ADJECTIVE } : token;
  });
  const retagged = { ...sentence, tokens };
  const subject = nounPhraseAt(retagged, from);
  const read = subject?.next === verb ? predicatesAt(retagged, verb) : [];
  const isWhole = read.some((one) => one.objects.length > 0 || one.prepositional.some(({ phrase }) => phrase.isNamed));
  return subject && isWhole ? makeClause(subject, read) : null;
}

/** "All math in interrupt handlers is …" does not describe all math. */
const isDefinite = (first: TaggedWord | undefined): boolean =>
  /^(?:the|this|that|these|those|our|my|its|their|his|her|your)$/.test(first?.lower ?? '');

/** Skips "of the team", "in Lund", "(the web console)" and ", the web console," between subject and verb. */
function skipAttributes(sentence: Sentence, from: number): number {
  const { tokens } = sentence;
  let at = from;
  for (let times = 0; times < 3; times++) {
    const token = tokens[at];
    if (token && CHUNK_PREPOSITIONS.has(token.lower) && !token.spelled) {
      const next = tokens[at + 1]?.tags.has('Date') ? at + 2 : nounPhraseAt(sentence, at + 1)?.next;
      if (next === undefined) return at;
      at = next;
    } else if (tokens[at - 1]?.hasBreakAfter && token?.tags.has('Determiner')) {
      const apposition = nounPhraseAt(sentence, at);
      if (!apposition || !tokens[apposition.next - 1]?.hasBreakAfter) return at;
      at = apposition.next;
    } else return at;
  }
  return at;
}

/** "Logs go to Loki, traces to Tempo" (gapping). The tagger takes "traces" for a verb. */
function gappedAfter(sentence: Sentence, [predicate, ...others]: readonly Predicate[]): NonNullable<Clause['gapped']> {
  const used = new Set(predicate?.prepositional.map(({ preposition }) => preposition));
  if (!predicate || others.length > 0 || used.size === 0) return [];
  const tokens = sentence.tokens.map((token, at) =>
    at >= predicate.next && token.tags.has('PresentTense') && used.has(sentence.tokens[at + 1]?.lower ?? '')
      ? { ...token, tags: NOUN }
      : token,
  );
  return tokens.flatMap((token, place) => {
    const [before, at] = [tokens[place - 1], token.lower === 'and' ? place + 1 : place];
    const subject = at > place || before?.hasBreakAfter ? nounPhraseAt({ ...sentence, tokens }, at) : null;
    const preposition = subject ? (tokens[subject.next]?.lower ?? '') : '';
    const phrase = subject && used.has(preposition) ? nounPhraseAt(sentence, subject.next + 1) : null;
    const isTaken = predicate.prepositional.some((one) => one.phrase.mention.first === phrase?.mention.first);
    return subject && phrase?.isNamed && !isTaken ? [{ subject, preposition, phrase }] : [];
  });
}
