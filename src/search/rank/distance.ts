import type { Ranked } from './rrf.ts';

/**
 * The nearer to a centre, the sooner: scores are 1 / (1 + hops), so 1 for the centre itself, and 0 for what no path leads to.
 * Equal distances keep their order. graphiti_core knows neighbours only (1 hop), and on FalkorDB not even those.
 * @param fused what another ranker has put in order
 * @param hops  for each id that a path leads to the number of facts on the shortest one
 */
export function byDistance(fused: readonly Ranked[], hops: ReadonlyMap<string, number>): Ranked[] {
  return fused
    .map(({ id }) => ({ id, score: 1 / (1 + (hops.get(id) ?? Number.POSITIVE_INFINITY)) }))
    .sort((a, b) => b.score - a.score);
}
