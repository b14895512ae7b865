/** An item and how well it was found to answer; lists of these are best first. */
export interface Ranked {
  readonly id: string;
  readonly score: number;
}

/** Graphiti's constant: the first place of a list counts 1, the second 1/2, and so on. */
const CONSTANT = 1;

/**
 * Reciprocal rank fusion (Cormack, Clarke and Büttcher, 2009): the score of an item is the sum over the lists of
 * 1 / (rank + constant), ranks counted from 0. Best first; equal scores keep the order in which the lists named them.
 * @returns the items' ids with their scores
 */
export function reciprocalRankFusion(lists: readonly (readonly string[])[], constant = CONSTANT): Ranked[] {
  const scores = new Map<string, number>();
  for (const list of lists)
    for (const [rank, id] of list.entries()) scores.set(id, (scores.get(id) ?? 0) + 1 / (rank + constant));
  return [...scores].map(([id, score]) => ({ id, score })).sort((a, b) => b.score - a.score);
}
