import type { GroupGraph } from '../group-graph.ts';
import { type FactRow, RETURN_FACTS } from './search-facts.ts';

/** Facts that began in a period, and had not ended before it. Times in the graph's format. */
export interface FactStartRange {
  readonly since: string;
  readonly before: string;
  readonly openAt: string;
}

// Both bounds are given, so that FalkorDB reads the index of `valid_at`.
const BEGAN = 'e.valid_at >= $since AND e.valid_at <= $before';
const OPEN = "coalesce(e.invalid_at, '9') >= $openAt";
const LATEST = 'WITH DISTINCT e ORDER BY e.valid_at DESC, e.uuid LIMIT $limit';

/** All facts, in no order; at most `limit`. */
export function anyFacts(graph: GroupGraph, limit: number): Promise<FactRow[]> {
  return graph.read(`MATCH ()-[e:RELATES_TO]->() WITH e LIMIT $limit ${RETURN_FACTS}`, { limit });
}

/** The facts of a period that began last. */
export function latestFacts(graph: GroupGraph, period: FactStartRange, limit: number): Promise<FactRow[]> {
  return graph.read(`MATCH ()-[e:RELATES_TO]->() WHERE ${BEGAN} AND ${OPEN} ${LATEST} ${RETURN_FACTS}`, {
    ...period,
    limit,
  });
}

/** The number of facts of some entities; a fact between two of them may count twice. */
export async function countFactsOf(graph: GroupGraph, entities: readonly string[]): Promise<number> {
  const [row] = await graph.read<{ n: number }>(
    `UNWIND $entities AS uuid
     MATCH (n:Entity {uuid: uuid})
     RETURN sum(indegree(n, 'RELATES_TO') + outdegree(n, 'RELATES_TO')) AS n`,
    { entities },
  );
  return row?.n ?? 0;
}

/** The facts of some entities in a period that began last. */
export function latestFactsOf(
  graph: GroupGraph,
  entities: readonly string[],
  period: FactStartRange,
  limit: number,
): Promise<FactRow[]> {
  return graph.read(
    `UNWIND $entities AS uuid
     MATCH (:Entity {uuid: uuid})-[e:RELATES_TO]-(:Entity) WHERE coalesce(e.valid_at, '') >= $since
       AND coalesce(e.valid_at, '') <= $before AND ${OPEN}
     ${LATEST} ${RETURN_FACTS}`,
    { entities, ...period, limit },
  );
}

/** The facts that contradict some facts, as far as the graph has noted them; uuids by uuid. */
export async function rivalsOf(
  graph: GroupGraph,
  facts: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  if (facts.length === 0) return new Map();
  const rows = await graph.read<{ uuid: string; rivals: string[] }>(
    `UNWIND $facts AS uuid
     MATCH (k:_Meta {key: 'fact:' + uuid}) WHERE size(k.rivals) > 0
     RETURN uuid, k.rivals AS rivals`,
    { facts },
  );
  return new Map(rows.map(({ uuid, rivals }) => [uuid, rivals]));
}
