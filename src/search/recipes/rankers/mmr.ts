import type { Ranked } from './rrf.ts';

/** Relevance and variety count alike; 1 is relevance alone. */
const LAMBDA = 0.5;

/**
 * Maximal marginal relevance (Carbonell and Goldstein, 1998): takes one candidate after another, each time the one with the
 * greatest λ · cos(query, candidate) − (1 − λ) · max cos(candidate, taken). A candidate without a vector has
 * cosine 0 with everything.
 *
 * graphiti_core compares each candidate with all others, selected or not, and does not normalise the query: of two
 * near-identical candidates it lowers both where this selects one of them, and it drops candidates with a score below 0.
 * @param candidates vectors by id, of any lengths; of equal candidates the first is taken first
 * @returns at most `limit`, in the order in which they were taken, with the value each was taken for: never rising, at most λ
 */
export function maximalMarginalRelevance(
  query: readonly number[],
  candidates: ReadonlyMap<string, readonly number[]>,
  limit: number,
  lambda = LAMBDA,
): Ranked[] {
  const wanted = unit(query);
  const left = new Map(
    [...candidates].map(([id, vector]) => {
      const direction = unit(vector);
      return [id, { direction, relevance: dot(wanted, direction), nearest: 0 }];
    }),
  );
  const taken: Ranked[] = [];
  while (left.size > 0 && taken.length < limit) {
    const [best] = [...left]
      .map(([id, { relevance, nearest }]) => ({ id, score: lambda * relevance - (1 - lambda) * nearest }))
      .sort((a, b) => b.score - a.score);
    if (!best) break;
    taken.push(best);
    const chosen = left.get(best.id)?.direction ?? [];
    left.delete(best.id);
    for (const other of left.values()) other.nearest = Math.max(other.nearest, dot(chosen, other.direction));
  }
  return taken;
}

function unit(vector: readonly number[]): number[] {
  const length = Math.hypot(...vector) || 1;
  return vector.map((component) => component / length);
}

function dot(one: readonly number[], other: readonly number[]): number {
  return one.reduce((sum, component, index) => sum + component * (other[index] ?? 0), 0);
}
