import type { PassageRow } from '../graph/queries/passages.ts';
import { termsOf } from '../passages/terms.ts';
import type { CandidateFact, Candidates } from './candidates.ts';
import { matchOf, matchOfPassage, type Question, type Signals, signalsOf } from './signals.ts';

export type Weights = Readonly<Record<keyof Signals, number>>;

/** Fitted by coordinate ascent over all sets for development together (docs/search.md); not to be changed for single questions. */
export const WEIGHTS: Weights = {
  words: 0.5,
  coverage: 0.4,
  meaning: 1,
  before: 0.5,
  after: 0.09,
  episode: 0.15,
  session: 0.75,
  fact: 0.08,
  recency: 0.06,
  speaker: 0.3,
  date: 0.3,
  shape: 0.3,
  asks: -0.25,
  user: -0.1,
  tool: -0.1,
};

export interface RankedPassage {
  readonly passage: PassageRow;
  readonly signals: Signals;
  readonly score: number;
  /** It reaches over what were several passages (`context.ts`). */
  readonly isJoined?: boolean;
}

export interface RankedFact {
  readonly fact: CandidateFact;
  readonly score: number;
}

export interface Ranking {
  readonly passages: readonly RankedPassage[];
  readonly facts: readonly RankedFact[];
  /** Share of the question, rare terms first, that nothing in the memory holds. */
  readonly unknown: number;
  /** How rare each of the question's terms is. */
  readonly rarity: ReadonlyMap<string, number>;
}

/** Puts candidates in order, best first; equals by time, the newest first, and then by episode and place. */
export function rank(question: Question, candidates: Candidates, weights: Weights = WEIGHTS): Ranking {
  const { passages, facts, holders, count } = candidates;
  const rarity = new Map(question.terms.map((term) => [term, rarityOf(holders.get(term) ?? 0, count)]));
  const factTerms = facts.map((fact) => termsOf(`${fact.fact} ${fact.source} ${fact.target}`));
  const inFacts = new Set(factTerms.flat());
  const { total, unknown } = mostPossible(rarity, (term) => (holders.get(term) ?? 0) > 0 || inFacts.has(term));
  const matches = new Map(passages.map((passage) => [passage.uuid, matchOfPassage(passage, rarity, total)]));
  const signals = signalsOf(question, candidates, matches);
  const ranked = passages
    .map((passage) => {
      const own = signals(passage);
      return { passage, signals: own, score: weighted(own, weights) };
    })
    .sort((a, b) => b.score - a.score || comparePlaces(a.passage, b.passage));
  const rankedFacts = facts
    .map((fact, place) => {
      const { words, coverage } = matchOf(factTerms[place] ?? [], rarity, total);
      const meaning = Math.max(0, fact.cosine ?? 0);
      return {
        fact,
        score:
          SHORT *
          (weights.words * words +
            weights.coverage * coverage +
            weights.meaning * meaning +
            weights.fact / (1 + place)),
      };
    })
    .sort((a, b) => b.score - a.score || (a.fact.uuid < b.fact.uuid ? -1 : 1));
  return { passages: ranked, facts: rankedFacts, unknown, rarity };
}

export function weighted(signals: Signals, weights: Weights): number {
  return (Object.keys(weights) as (keyof Signals)[]).reduce((sum, name) => sum + weights[name] * signals[name], 0);
}

/** Inverse document frequency (Robertson and Spärck Jones), from the content alone. */
export function rarityOf(holders: number, count: number): number {
  const all = Math.max(count, holders, LEAST_COUNT);
  return Math.log(1 + (all - holders + 0.5) / (holders + 0.5));
}

/** In a memory of few passages every word is in most of them, which says nothing of the word. */
const LEAST_COUNT = 50;
/** Of a long question, such as a whole prompt, nothing holds more than a few terms. */
const [MOST_KNOWN, MOST_UNKNOWN] = [6, 2];

/**
 * What a passage weighs that has all of a question's terms, of a long question the rarest known ones and few that nothing has; and what
 * share of that nothing has.
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

/** A short sentence is near to many, and has a large share of any question. */
export const SHORT = 0.7;

function comparePlaces(a: PassageRow, b: PassageRow): number {
  if (a.time !== b.time) return a.time > b.time ? -1 : 1;
  if (a.episode !== b.episode) return a.episode < b.episode ? -1 : 1;
  return a.ordinal - b.ordinal;
}
