import { neighbours } from '../../../graph/queries/search-entities.ts';
import type { SearchContext } from '../../search-context.ts';
import type { Ranked } from './rrf.ts';

/**
 * Items nearer to a center come first. The score is 1 / (1 + hops): 1 for the center, 0 for an item without a path to it.
 * Equal distances keep their order. graphiti_core knows neighbours only (1 hop), and on FalkorDB not even those.
 * @param fused items in the order of another ranker
 * @param hops  for each id that a path leads to the number of facts on the shortest one
 */
export function byDistance(fused: readonly Ranked[], hops: ReadonlyMap<string, number>): Ranked[] {
  return fused
    .map(({ id }) => ({ id, score: 1 / (1 + (hops.get(id) ?? Number.POSITIVE_INFINITY)) }))
    .sort((a, b) => b.score - a.score);
}

const FARTHEST = 4;
const AT_ONCE = 10_000;

/**
 * The number of facts on the shortest path from a center to each of some entities, in either direction of the facts; up to
 * four. Goes outward level by level and stops as soon as all are reached.
 * @returns hops by uuid, 0 for the center itself; no entry for an entity that is farther away
 */
export async function countHops(
  { graph, moment }: SearchContext,
  center: readonly string[],
  targets: ReadonlySet<string>,
): Promise<Map<string, number>> {
  const hops = new Map(center.map((uuid) => [uuid, 0]));
  let edge = [...center];
  for (let level = 1; level <= FARTHEST && edge.length > 0; level += 1) {
    if ([...targets].every((uuid) => hops.has(uuid))) break;
    edge = (await neighbours(graph, edge, moment, AT_ONCE)).filter((uuid) => !hops.has(uuid));
    for (const uuid of edge) hops.set(uuid, level);
  }
  return hops;
}
