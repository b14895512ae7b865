import type { PassageRow } from '../graph/queries/passages.ts';
import { termsOf } from '../passages/terms.ts';
import type { CandidateFact, Candidates } from './candidates.ts';
import { matchOf, type Question, type Signals, signalsOf } from './signals.ts';

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
  readonly relevance: number;
}

export interface RankedFact {
  readonly fact: CandidateFact;
  readonly score: number;
  readonly relevance: number;
}

export interface Ranking {
  readonly passages: readonly RankedPassage[];
  readonly facts: readonly RankedFact[];
  /** How rare each of the question's terms is. */
  readonly rarity: ReadonlyMap<string, number>;
}

/** Puts candidates in order, best first; equals by time, the newest first, and then by episode and place. */
export function rank(question: Question, candidates: Candidates, weights: Weights = WEIGHTS): Ranking {
  const { passages, facts, holders, count } = candidates;
  const rarity = new Map(question.terms.map((term) => [term, rarityOf(holders.get(term) ?? 0, count)]));
  const total = whole(rarity, holders);
  const matches = new Map(passages.map((passage) => [passage.uuid, matchOf(passage.terms.split(' '), rarity, total)]));
  const signals = signalsOf(question, candidates, matches);
  const ranked = passages
    .map((passage) => {
      const own = signals(passage);
      const before = matches.get(candidates.before.get(passage.uuid)?.uuid ?? '')?.coverage ?? 0;
      return {
        passage,
        signals: own,
        score: weighted(own, weights),
        relevance: relevance(own.coverage, before, candidates.cosines.get(passage.uuid)),
      };
    })
    .sort((a, b) => b.score - a.score || comparePlaces(a.passage, b.passage));
  const rankedFacts = facts
    .map((fact, place) => {
      const { words, coverage } = matchOf(termsOf(`${fact.fact} ${fact.source} ${fact.target}`), rarity, total);
      const meaning = Math.max(0, fact.cosine ?? 0);
      return {
        fact,
        score:
          weights.words * words + weights.coverage * coverage + weights.meaning * meaning + weights.fact / (1 + place),
        // A short sentence is near to many.
        relevance: relevance(coverage, 0, SHORT * (fact.cosine ?? UNRELATED)),
      };
    })
    .sort((a, b) => b.score - a.score || (a.fact.uuid < b.fact.uuid ? -1 : 1));
  return { passages: ranked, facts: rankedFacts, rarity };
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

/** What a passage weighs that has all of a question's terms; of a long one the rarest known ones, and few that nothing has. */
function whole(rarity: ReadonlyMap<string, number>, holders: ReadonlyMap<string, number>): number {
  const isKnown = (term: string) => (holders.get(term) ?? 0) > 0;
  const heaviest = (terms: readonly (readonly [string, number])[], most: number) =>
    terms
      .map(([, weight]) => weight)
      .sort((a, b) => b - a)
      .slice(0, most)
      .reduce((sum, weight) => sum + weight, 0);
  const all = [...rarity];
  const known = all.filter(([term]) => isKnown(term));
  const unknown = all.filter(([term]) => !isKnown(term));
  return Math.max(heaviest(known, MOST_KNOWN) + heaviest(unknown, MOST_UNKNOWN), Number.MIN_VALUE);
}

/**
 * How far something bears on the question at all, whatever else speaks for it: how much of the question it covers, and half the cosine. What
 * follows a question has most of what that covers. Without a vector the cosine of texts that have nothing in common counts.
 */
const relevance = (coverage: number, before: number, cosine: number | undefined): number =>
  Math.max(coverage, 0.7 * before) + 0.5 * (cosine ?? UNRELATED);

const UNRELATED = 0.35;
const SHORT = 0.7;
/** Where nothing is more relevant, nothing is known; calibrated on questions about another memory. */
const FLOOR = 0.4;
/** Of what is hardly relevant only the very best is shown: so much of it where nothing is more relevant than that. */
const UNSURE: readonly (readonly [relevance: number, shown: number])[] = [
  [0.55, 1],
  [0.7, 2],
];
/** Nor what is less relevant than so much of the most relevant. */
const OF_MOST_RELEVANT = 0.3;
/** Or has less than so much of the best score. */
const OF_BEST = 0.4;

/** Without what has too little to do with the question, or with less than the best; nothing where that is all. */
export function relevantOf({ passages, facts, rarity }: Ranking): Ranking {
  const all = [...passages.slice(0, SHOWN), ...facts.slice(0, SHOWN)];
  const most = Math.max(0, ...all.map(({ relevance }) => relevance));
  if (most < FLOOR) return { passages: [], facts: [], rarity };
  const best = Math.max(passages[0]?.score ?? 0, facts[0]?.score ?? 0);
  const isEnough = (it: { readonly score: number; readonly relevance: number }) =>
    it.relevance >= OF_MOST_RELEVANT * most && it.score >= OF_BEST * best;
  const [, shown = Number.POSITIVE_INFINITY] = UNSURE.find(([limit]) => most < limit) ?? [];
  const enough = [...passages.filter(isEnough), ...facts.filter(isEnough)];
  const kept = new Set<unknown>(enough.sort((a, b) => b.score - a.score).slice(0, shown));
  return { passages: passages.filter((it) => kept.has(it)), facts: facts.filter((it) => kept.has(it)), rarity };
}

/** So many of the best decide whether anything is known. */
const SHOWN = 5;

function comparePlaces(a: PassageRow, b: PassageRow): number {
  if (a.time !== b.time) return a.time > b.time ? -1 : 1;
  if (a.episode !== b.episode) return a.episode < b.episode ? -1 : 1;
  return a.ordinal - b.ordinal;
}
