import { type RankedFact, type RankedPassage, type Ranking, SHORT } from './rank.ts';

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

/** So many of the first answers decide whether anything is known. */
const FIRST = 5;

export function evidenceOf({ passages, facts, unknown }: Ranking): Evidence {
  // Where nothing is cut into passages yet, facts are all that there is to judge by.
  const score =
    passages.length > 0 ? Math.max(passages[0]?.score ?? 0, facts[0]?.score ?? 0) : (facts[0]?.score ?? 0) / SHORT;
  const meaning = Math.max(
    0,
    ...passages.slice(0, FIRST).map(({ signals }) => signals.meaning),
    ...facts.slice(0, FIRST).map(({ fact }) => SHORT * (fact.cosine ?? 0)),
  );
  return { meaning, score, unknown };
}

/** How likely it is that anything known bears on the question, from 0 to 1. */
export function likelihoodOf(
  { meaning, score, unknown }: Evidence,
  weights: Readonly<Record<keyof typeof RELEVANCE, number>> = RELEVANCE,
): number {
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

/** What has less than so much of the best score is not shown. */
const OF_BEST = 0.4;

/** What of a ranking is near enough to the best, and how many answers of at most `limit` are worth showing. */
export function relevantOf(
  ranking: Ranking,
  limit: number,
): { readonly passages: readonly RankedPassage[]; readonly facts: readonly RankedFact[]; readonly worth: number } {
  const { passages, facts } = ranking;
  const score = Math.max(0, passages[0]?.score ?? 0, facts[0]?.score ?? 0);
  const isNear = (found: { readonly score: number }) => found.score >= OF_BEST * score;
  return {
    passages: passages.filter(isNear),
    facts: facts.filter(isNear),
    worth: worthShowing(likelihoodOf(evidenceOf(ranking)), limit),
  };
}
