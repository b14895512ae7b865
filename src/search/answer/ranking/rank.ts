import type { PassageRow } from '../../../graph/queries/passages.ts';
import { countOccurrences, termsOf } from '../../../passages/terms.ts';
import { DAY, fromGraphTime } from '../../../time.ts';
import type { CandidateFact, Candidates } from '../candidates/candidates.ts';
import { type DateWindow, isInWindow } from '../question/date-window.ts';
import { entityMentions, type MentionScorer } from '../question/question-entities.ts';

export type Weights = Readonly<Record<keyof Signals, number>>;

/** Fitted by coordinate ascent over all sets for development together (docs/ranking.md); not to be changed for single questions. */
export const WEIGHTS: Weights = {
  words: 0.55,
  coverage: 0.4,
  meaning: 1,
  before: 0.5,
  after: 0.09,
  episode: 0.15,
  session: 0.68,
  fact: 0.08,
  entity: 0.075,
  recency: 0.06,
  speaker: 0.38,
  date: 0.3,
  shape: 0.3,
  asks: -0.23,
  user: -0.1,
  tool: -0.1,
};

export interface RankedPassage {
  readonly passage: PassageRow;
  readonly signals: Signals;
  readonly score: number;
  /** It reaches over what were several passages (`join-passages.ts`). */
  readonly isJoined?: boolean;
  /** Of a joined passage: where the passages begin, and their roles. */
  readonly turns?: readonly Pick<PassageRow, 'start' | 'role'>[];
  /** The question asks for a list or procedure, and it has one, which is shown as a whole. */
  readonly isWhole?: boolean;
}

export interface RankedFact {
  readonly fact: CandidateFact;
  /** A fact has fewer than a passage. */
  readonly signals: Partial<Signals>;
  readonly score: number;
}

/** What each signal adds to a score, by the names of docs/ranking.md, without those that add nothing. */
export type ScoreParts = Readonly<Record<string, number>>;

export interface Ranking {
  readonly passages: readonly RankedPassage[];
  readonly facts: readonly RankedFact[];
  /** Share of the question's terms, weighted by rarity, that nothing in the memory contains. */
  readonly unknown: number;
  /** How rare each of the question's terms is. */
  readonly rarity: ReadonlyMap<string, number>;
  /** Whether one of the best passages has a name of the question that few others have. */
  readonly hasName: boolean;
}

/** Sorts candidates, best first. Equal scores are sorted by time, newest first, then by position and text. */
export function rank(question: RankingQuestion, candidates: Candidates, weights: Weights = WEIGHTS): Ranking {
  const { passages, facts, documentFrequencies, passageCount } = candidates;
  const rarity = new Map(
    question.terms.map((term) => [term, rarityOf(documentFrequencies.get(term) ?? 0, passageCount)]),
  );
  const factTerms = facts.map((fact) => termsOf(`${fact.fact} ${fact.source} ${fact.target}`));
  const inFacts = new Set(factTerms.flat());
  const { total, unknown } = mostPossible(
    rarity,
    (term) => (documentFrequencies.get(term) ?? 0) > 0 || inFacts.has(term),
  );
  const matches = new Map(passages.map((passage) => [passage.uuid, passageTermMatch(passage, rarity, total)]));
  const mentions = entityMentions(question.terms, facts);
  const signals = signalsOf(question, candidates, matches, mentions);
  const ranked = passages
    .map((passage) => {
      const own = signals(passage);
      return { passage, signals: own, score: weightedSum(own, weights) };
    })
    .sort((a, b) => b.score - a.score || breakTie(a.passage, b.passage));
  const rankedFacts = facts
    .map((fact, place) => {
      const terms = factTerms[place] ?? [];
      const { words, coverage } = termMatch(terms, rarity, total);
      const meaning = Math.max(0, fact.cosine ?? 0);
      const own = { words, coverage, meaning, fact: 1 / (1 + place), entity: mentions(terms.join(' ')) };
      return { fact, signals: own, score: SHORT_TEXT_FACTOR * weightedSum(own, weights) };
    })
    .sort((a, b) => b.score - a.score || compareFacts(a.fact, b.fact));
  const names = namesIn(question.text).filter((term) => isFew(documentFrequencies.get(term) ?? 0));
  const hasName = ranked
    .slice(0, BEST)
    .some(({ passage }) => names.some((term) => ` ${passage.terms} `.includes(` ${term} `)));
  return { passages: ranked, facts: rankedFacts, unknown, rarity, hasName };
}

const BEST = 5;
/** A name in more passages is not specific enough. */
const isFew = (frequency: number): boolean => frequency > 0 && frequency <= 3;
/** Capitals after the first word, and identifiers. */
const NAME = /(?<=\S\s+["'`(]?)\p{Lu}[\p{L}\p{N}_-]+|[\p{L}\p{N}]+(?:[_./:-][\p{L}\p{N}]+)+/gu;
const namesIn = (question: string): string[] => (question.match(NAME) ?? []).flatMap((name) => termsOf(name));

const SIGNALS = Object.keys(WEIGHTS) as (keyof Signals)[];

export function weightedSum(signals: Partial<Signals>, weights: Weights): number {
  return SIGNALS.reduce((sum, name) => sum + weights[name] * (signals[name] ?? 0), 0);
}

export const passageScoreParts = ({ signals }: Pick<RankedPassage, 'signals'>): ScoreParts => scoreParts(signals, 1);
export const factScoreParts = ({ signals }: Pick<RankedFact, 'signals'>): ScoreParts =>
  scoreParts(signals, SHORT_TEXT_FACTOR);

/** Rounded, since they are for people. */
function scoreParts(signals: Partial<Signals>, factor: number): ScoreParts {
  const parts = SIGNALS.map(
    (name) => [name, Number((factor * WEIGHTS[name] * (signals[name] ?? 0)).toFixed(4))] as const,
  );
  return Object.fromEntries(parts.filter(([, part]) => part !== 0));
}

/** Inverse document frequency (Robertson and Spärck Jones), from the content alone. */
export function rarityOf(frequency: number, count: number): number {
  const all = Math.max(count, frequency, LEAST_COUNT);
  return Math.log(1 + (all - frequency + 0.5) / (frequency + 0.5));
}

/** In a small memory most passages contain any word, which would make every word look common. */
const LEAST_COUNT = 50;
/** No passage contains more than a few terms of a long question, such as a whole prompt. */
const [MOST_KNOWN, MOST_UNKNOWN] = [6, 2];

/**
 * The highest possible weight of a passage, and the share of it that belongs to unknown terms. Of a long question only the rarest known terms
 * and a few unknown ones count.
 */
function mostPossible(rarity: ReadonlyMap<string, number>, isKnown: (term: string) => boolean) {
  const heaviest = (known: boolean, most: number) =>
    [...rarity]
      .filter(([term]) => isKnown(term) === known)
      .map(([, weight]) => weight)
      .sort((a, b) => b - a)
      .slice(0, most)
      .reduce((sum, weight) => sum + weight, 0);
  const [known, unknown] = [heaviest(true, MOST_KNOWN), heaviest(false, MOST_UNKNOWN)];
  const total = Math.max(known + unknown, Number.MIN_VALUE);
  return { total, unknown: unknown / total };
}

/** A short sentence has high cosines with many questions and covers a large share of any. */
export const SHORT_TEXT_FACTOR = 0.7;

/** Uuids are random, so they are compared last. */
export function breakTie(a: PassageRow, b: PassageRow): number {
  return (
    compareTexts(b.time, a.time) ||
    compareTexts(b.known, a.known) ||
    a.ordinal - b.ordinal ||
    compareTexts(a.terms, b.terms) ||
    compareTexts(a.episode, b.episode)
  );
}

function compareFacts(a: CandidateFact, b: CandidateFact): number {
  return (
    compareTexts(b.validAt ?? '', a.validAt ?? '') ||
    compareTexts(b.createdAt, a.createdAt) ||
    compareTexts(a.fact, b.fact) ||
    compareTexts(a.uuid, b.uuid)
  );
}

const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * What speaks for a passage, each from 0 to 1; docs/ranking.md explains every one. A passage's score is the sum of its signals,
 * each times its weight.
 */
export interface Signals {
  /** BM25 of the question's terms in the passage, as a share of the highest possible value. */
  readonly words: number;
  /** Share of the question's terms, weighted by rarity, that the passage contains. */
  readonly coverage: number;
  /** Cosine between the vectors of question and passage. */
  readonly meaning: number;
  /** `words` of the passage before it, and of the one after it. */
  readonly before: number;
  readonly after: number;
  /** The best `words` of another passage of the same episode, and of another episode of the same session. */
  readonly episode: number;
  readonly session: number;
  /** A fact that answers is stated in it. */
  readonly fact: number;
  /** It mentions an entity that the question names, or, at most half, those that facts connect with one. */
  readonly entity: number;
  /** How recent it is among the candidates. */
  readonly recency: number;
  /** The speaker is a person whom the question names. */
  readonly speaker: number;
  /** The passage dates from the time that the question names. */
  readonly date: number;
  /** A procedure for a question how to do something, a list for one that asks for several things. */
  readonly shape: number;
  /** The passage is itself a question, or a request of the user to an agent. */
  readonly asks: number;
  readonly user: number;
  /** The passage is output of a tool. */
  readonly tool: number;
}

export interface RankingQuestion {
  readonly text: string;
  readonly terms: readonly string[];
  readonly window: DateWindow | undefined;
}

const [K1, B] = [1.2, 0.6];
/** The cosine of texts that have nothing in common, for passages whose vector is still missing. */
const UNRELATED = 0.2;
/** Terms of a passage of usual length. */
const USUAL_LENGTH = 40;

interface TermMatch {
  readonly words: number;
  readonly coverage: number;
}

function termMatch(terms: readonly string[], rarity: ReadonlyMap<string, number>, total: number): TermMatch {
  const counts = new Map<string, number>();
  for (const term of terms) if (rarity.has(term)) counts.set(term, (counts.get(term) ?? 0) + 1);
  return scoreOf(counts, terms.length, rarity, total);
}

/** The same for a passage, whose terms are one string: searching it is ten times cheaper than splitting it. */
function passageTermMatch(
  { terms, length }: Pick<PassageRow, 'terms' | 'length'>,
  rarity: ReadonlyMap<string, number>,
  total: number,
): TermMatch {
  const counts = new Map<string, number>();
  for (const term of rarity.keys()) {
    const times = countOccurrences(terms, term);
    if (times > 0) counts.set(term, times);
  }
  return scoreOf(counts, length, rarity, total);
}

function scoreOf(
  counts: ReadonlyMap<string, number>,
  length: number,
  rarity: ReadonlyMap<string, number>,
  total: number,
): TermMatch {
  const norm = K1 * (1 - B + (B * length) / USUAL_LENGTH);
  let [words, coverage] = [0, 0];
  for (const [term, times] of counts) {
    const weight = rarity.get(term) ?? 0;
    words += (weight * times * (K1 + 1)) / (times + norm);
    coverage += weight;
  }
  return { words: words / (total * (K1 + 1)), coverage: coverage / total };
}

const HOW_TO =
  /^\s*(?:how (?:do|does|can|should|would|to|is|are)\b|what (?:are the steps|do i (?:have to )?do|to do)|steps\b|walk me through)|\bwhat (?:do|must|should) (?:i|we)(?: have to)? do\b|\bwie (?:kann|mache|geht)\b/i;
const SEVERAL =
  /^\s*(?:please )?list\b|\b(?:(?:a|the) list of|which (?!\w*(?:ss|us|is)\b|(?:does|was|has)\b)\w+s\b|what (?:are|is (?:new|open|left|missing|still))|all (?:the )?|what did .* (?:ask|say|want)|todo|open (?:tasks|points|items))/i;

const PROCEDURES = new Set<string>(['procedure', 'steps']);
const LISTS = new Set<string>(['list', 'table', 'sections', 'steps']);

function signalsOf(
  question: RankingQuestion,
  candidates: Candidates,
  matches: ReadonlyMap<string, TermMatch>,
  mentions: MentionScorer,
): (passage: PassageRow) => Signals {
  const { passages, before, after, cosines, stated } = candidates;
  const words = (passage: PassageRow | undefined) => (passage && matches.get(passage.uuid)?.words) ?? 0;
  const ofEpisode = bestTwo(passages, ({ episode }) => episode, words);
  const ofTurn = bestTwo(
    passages,
    ({ episode }) => episode,
    ({ uuid }) => cosines.get(uuid) ?? UNRELATED,
  );
  // The input and output of a tool have no vector: they are about what their turn is about.
  const meaningOf = ({ uuid, episode, kind }: PassageRow) =>
    cosines.get(uuid) ?? (kind === 'tool' ? Math.max(UNRELATED, ofTurn(episode, uuid)) : UNRELATED);
  const ofSession = bestTwo(
    passages.filter(({ session }) => session !== null),
    ({ session }) => session ?? '',
    words,
    ({ episode }) => episode,
  );
  const times = passages.map(({ time }) => fromGraphTime(time)?.getTime() ?? 0);
  const newest = Math.max(...times);
  const isHowTo = HOW_TO.test(question.text);
  const isSeveral = SEVERAL.test(question.text);
  const named = new Set(question.terms);
  return (passage) => {
    const { uuid, episode, session, kind, role, time } = passage;
    const match = matches.get(uuid) ?? { words: 0, coverage: 0 };
    const age = (newest - (fromGraphTime(time)?.getTime() ?? 0)) / DAY;
    const place = stated.get(uuid);
    return {
      words: match.words,
      coverage: match.coverage,
      meaning: Math.max(0, meaningOf(passage)),
      before: words(before.get(uuid)),
      after: words(after.get(uuid)),
      episode: ofEpisode(episode, uuid),
      session: session === null ? 0 : ofSession(session, episode),
      fact: place === undefined ? 0 : 1 / (1 + place / 3),
      entity: mentions(passage.terms),
      recency: 1 / (1 + Math.log1p(age / 7)),
      speaker: role !== null && termsOf(role).some((term) => named.has(term)) ? 1 : 0,
      date: question.window && isInWindow(time, question.window) ? 1 : 0,
      shape: (isHowTo && PROCEDURES.has(kind)) || (isSeveral && LISTS.has(kind)) ? 1 : 0,
      asks: passage.asks ? 1 : 0,
      user: role === 'user' ? 1 : 0,
      tool: kind === 'tool' ? 1 : 0,
    };
  };
}

/** For each key the best value of another member than the one that asks. */
function bestTwo(
  passages: readonly PassageRow[],
  key: (passage: PassageRow) => string,
  value: (passage: PassageRow) => number,
  member: (passage: PassageRow) => string = ({ uuid }) => uuid,
): (key: string, but: string) => number {
  const best = new Map<string, { first: number; by: string; second: number }>();
  for (const passage of passages) {
    const [name, own, by] = [key(passage), value(passage), member(passage)];
    const known = best.get(name);
    if (!known) best.set(name, { first: own, by, second: 0 });
    else if (by === known.by) known.first = Math.max(known.first, own);
    else if (own > known.first) best.set(name, { first: own, by, second: known.first });
    else known.second = Math.max(known.second, own);
  }
  return (name, but) => {
    const known = best.get(name);
    if (!known) return 0;
    return known.by === but ? known.second : known.first;
  };
}
