import { type Conditions, type FactFilter, factConditions } from '../graph/queries/filter-conditions.ts';
import { entitiesToWalkFrom } from '../graph/queries/search-entities.ts';
import { adjacentFacts, type ReachedFact } from '../graph/queries/search-facts.ts';
import { factHoldsAt } from '../graph/queries/time-conditions.ts';
import type { SearchContext } from './search-context.ts';

const DEPTH = 2;
/** Bounds of each step, so that entities with thousands of facts cost no more than others. */
const ENTITIES_AT_ONCE = 100;
const FACTS_AT_ONCE = 300;

/** Facts and entities that a walk reached, nearest first. */
export interface WalkResult {
  readonly facts: readonly ReachedFact[];
  /** uuids of entities, without those from which it began. */
  readonly entities: readonly string[];
}

/**
 * Breadth-first search from entities and episodes along facts that held. The walk follows all facts; the filter only decides which of them
 * are returned (`fits`). An episode is one step away from the entities that it mentions. Within a step facts nearer to the query come first,
 * and facts beyond the bounds are dropped. graphiti_core goes from source to target only, so a walk from an entity that is no source of a
 * fact finds nothing; `direction: 'out'` does the same.
 */
export async function walkFrom(
  context: SearchContext,
  origins: readonly string[],
  filter: FactFilter,
): Promise<WalkResult> {
  const { graph, vector, moment, walk } = context;
  const { depth = DEPTH, direction = 'both' } = walk;
  if (origins.length === 0) return { facts: [], entities: [] };
  const starts = await entitiesToWalkFrom(graph, [...new Set(origins)], ENTITIES_AT_ONCE);
  const start = starts.filter(({ isMentioned }) => !isMentioned).map(({ uuid }) => uuid);
  const mentioned = starts.filter(({ isMentioned }) => isMentioned).map(({ uuid }) => uuid);
  const conditions: Conditions = factConditions(moment, filter);
  const visited = new Set(start);
  const facts = new Map<string, ReachedFact>();
  const entities = new Set<string>();
  // Mentioned entities are reached by the first step, so facts leave them with the second.
  let edge = start;
  for (let step = 1; step <= depth; step += 1) {
    const rows =
      edge.length > 0 ? await adjacentFacts(graph, edge, vector, moment, conditions, direction, FACTS_AT_ONCE) : [];
    const from = new Set(edge);
    const next = new Set(step === 1 ? mentioned : []);
    for (const row of rows.filter((fact) => factHoldsAt(fact, moment))) {
      facts.set(row.uuid, facts.get(row.uuid) ?? row);
      for (const [near, far] of ends(row, direction)) if (from.has(near)) next.add(far);
    }
    for (const uuid of next) if (!start.includes(uuid)) entities.add(uuid);
    edge = [...next].filter((uuid) => !visited.has(uuid)).slice(0, ENTITIES_AT_ONCE);
    for (const uuid of edge) visited.add(uuid);
  }
  return { facts: [...facts.values()], entities: [...entities] };
}

function ends({ sourceUuid, targetUuid }: ReachedFact, direction: 'both' | 'out'): [string, string][] {
  const out: [string, string] = [sourceUuid, targetUuid];
  return direction === 'out' ? [out] : [out, [targetUuid, sourceUuid]];
}
