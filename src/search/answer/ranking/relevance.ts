import { type RankedFact, type RankedPassage, type Ranking, SHORT_TEXT_FACTOR } from './rank.ts';

/** Measurements that show whether a memory can answer a question. */
export interface RelevanceFeatures {
  /** The best cosine between the question and one of the first answers. */
  readonly meaning: number;
  /** The score of the best answer (`rank.ts`). */
  readonly score: number;
  /** Share of the question's terms, weighted by rarity, that no passage of the memory contains. */
  readonly unknown: number;
}

/**
 * Logistic regression, fitted by `bench/fit-relevance.ts` on questions that a memory answers, against questions of other memories and
 * against the same questions without the episodes that answer them (docs/ranking.md).
 */
export const RELEVANCE_WEIGHTS = { constant: -1.72, meaning: 1.21, score: 1.57, unknown: -2.07 } as const;

/** The number of top answers that decide whether the memory can answer. */
const FIRST = 5;

export function relevanceFeatures({ passages, facts, unknown }: Ranking): RelevanceFeatures {
  // Until a worker has cut the episodes into passages, there are only facts.
  const score =
    passages.length > 0
      ? Math.max(passages[0]?.score ?? 0, facts[0]?.score ?? 0)
      : (facts[0]?.score ?? 0) / SHORT_TEXT_FACTOR;
  const meaning = Math.max(
    0,
    ...passages.slice(0, FIRST).map(({ signals }) => signals.meaning),
    ...facts.slice(0, FIRST).map(({ fact }) => SHORT_TEXT_FACTOR * (fact.cosine ?? 0)),
  );
  return { meaning, score, unknown };
}

/** The probability that the memory can answer the question, from 0 to 1. */
export function likelihoodOf(
  { meaning, score, unknown }: RelevanceFeatures,
  weights: Readonly<Record<keyof typeof RELEVANCE_WEIGHTS, number>> = RELEVANCE_WEIGHTS,
): number {
  const sum = weights.constant + weights.meaning * meaning + weights.score * score + weights.unknown * unknown;
  return 1 / (1 + Math.exp(-sum));
}

/**
 * `[likelihood, share]`: below this likelihood only this share of the requested answers is shown. The script found them, as high as they can be
 * while few questions that the memory can answer are below (docs/ranking.md).
 */
export const RESULT_SHARE_BY_LIKELIHOOD: readonly (readonly [likelihood: number, share: number])[] = [
  [0.15, 0],
  [0.27, 0.2],
  [0.45, 0.4],
];

/** How many of at most `limit` answers are worth showing. */
export function countRelevant(likelihood: number, limit: number): number {
  const [, share = 1] = RESULT_SHARE_BY_LIKELIHOOD.find(([below]) => likelihood < below) ?? [];
  return Math.ceil(share * limit);
}

/** Results below this share of the best score are not shown. */
const OF_BEST = 0.4;

/** The results whose score is near enough to the best, and how many of at most `limit` to show. */
export function keepRelevant(
  ranking: Ranking,
  limit: number,
): { readonly passages: readonly RankedPassage[]; readonly facts: readonly RankedFact[]; readonly count: number } {
  const { passages, facts, hasName } = ranking;
  const score = Math.max(0, passages[0]?.score ?? 0, facts[0]?.score ?? 0);
  const isNear = (found: { readonly score: number }) => found.score >= OF_BEST * score;
  return {
    passages: passages.filter(isNear),
    facts: facts.filter(isNear),
    // A result with the question's name is shown even if the memory has none of the other words.
    count: Math.max(countRelevant(likelihoodOf(relevanceFeatures(ranking)), limit), hasName ? 1 : 0),
  };
}
