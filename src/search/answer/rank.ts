import type { PassageRow } from '../../graph/queries/passages.ts';
import { termsOf } from '../../passages/terms.ts';
import type { CandidateFact, Candidates } from './candidates.ts';
import { entityMentions } from './question-entities.ts';
import { passageTermMatch, type RankingQuestion, type Signals, signalsOf, termMatch } from './signals.ts';

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
  readonly score: number;
}

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
    .sort((a, b) => b.score - a.score || comparePlaces(a.passage, b.passage));
  const rankedFacts = facts
    .map((fact, place) => {
      const terms = factTerms[place] ?? [];
      const { words, coverage } = termMatch(terms, rarity, total);
      const meaning = Math.max(0, fact.cosine ?? 0);
      return {
        fact,
        score:
          SHORT_TEXT_FACTOR *
          (weights.words * words +
            weights.coverage * coverage +
            weights.meaning * meaning +
            weights.fact / (1 + place) +
            weights.entity * mentions(terms.join(' '))),
      };
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

export function weightedSum(signals: Signals, weights: Weights): number {
  return SIGNALS.reduce((sum, name) => sum + weights[name] * signals[name], 0);
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
export function comparePlaces(a: PassageRow, b: PassageRow): number {
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
