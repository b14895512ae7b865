import { neighbours } from '../graph/queries/search-entities.ts';
import type { SearchContext } from './sought.ts';

const FARTHEST = 4;
const AT_ONCE = 10_000;

/**
 * How many facts lie between a centre and each of some entities on the shortest path, whichever way the facts point; up to
 * four. Goes outward level by level and stops as soon as all are reached.
 * @returns hops by uuid, 0 for the centre itself; none for what is farther away
 */
export async function hopsFrom(
  { graph, moment }: SearchContext,
  centre: readonly string[],
  targets: ReadonlySet<string>,
): Promise<Map<string, number>> {
  const hops = new Map(centre.map((uuid) => [uuid, 0]));
  let edge = [...centre];
  for (let level = 1; level <= FARTHEST && edge.length > 0; level += 1) {
    if ([...targets].every((uuid) => hops.has(uuid))) break;
    edge = (await neighbours(graph, edge, moment, AT_ONCE)).filter((uuid) => !hops.has(uuid));
    for (const uuid of edge) hops.set(uuid, level);
  }
  return hops;
}
