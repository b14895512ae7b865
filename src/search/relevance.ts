/** What shows whether a memory knows anything of what is asked. */
export interface Evidence {
  /** The best cosine between the question and one of the first answers. */
  readonly meaning: number;
  /** The score of the best answer (`rank.ts`). */
  readonly score: number;
  /** Share of the question, rare terms first, that no passage of the memory holds. */
  readonly unknown: number;
}

/**
 * Logistic regression, fitted by `bench/fit-relevance.ts` on questions that a memory answers, against questions of other memories and
 * against the same questions without the episodes that answer them (docs/search.md).
 */
export const RELEVANCE = { constant: -1.98, meaning: 1.25, score: 1.7, unknown: -1.89 } as const;

/** How likely it is that anything known bears on the question, from 0 to 1. */
export function likelihoodOf({ meaning, score, unknown }: Evidence, weights: typeof RELEVANCE = RELEVANCE): number {
  const sum = weights.constant + weights.meaning * meaning + weights.score * score + weights.unknown * unknown;
  return 1 / (1 + Math.exp(-sum));
}

/** Which share of the answers that were asked for is shown where it is less likely than so that anything bears on the question. */
const SHARES: readonly (readonly [likelihood: number, share: number])[] = [
  [0.12, 0],
  [0.25, 0.2],
  [0.45, 0.4],
];

/** How many of at most `limit` answers are worth showing. */
export function worthShowing(likelihood: number, limit: number): number {
  const [, share = 1] = SHARES.find(([below]) => likelihood < below) ?? [];
  return Math.ceil(share * limit);
}
