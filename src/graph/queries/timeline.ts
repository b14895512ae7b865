import type { GroupGraph } from '../group-graph.ts';
import { endingsKey, factKey } from '../meta-keys.ts';
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

/** What the graph has noted about the end of a fact. */
export interface EndEvidence {
  /** uuids of the facts that contradict it. */
  readonly rivals: readonly string[];
  /** Episodes that say that a relation between its two entities was over, and since when. */
  readonly endings: readonly { readonly episode: string; readonly at: string }[];
}

/** The evidence of some facts, by uuid. */
export async function endEvidence(
  graph: GroupGraph,
  facts: readonly { readonly uuid: string; readonly sourceUuid: string; readonly targetUuid: string }[],
): Promise<ReadonlyMap<string, EndEvidence>> {
  if (facts.length === 0) return new Map();
  const asked = facts.map(({ uuid, sourceUuid, targetUuid }) => ({
    uuid,
    fact: factKey(uuid),
    pair: endingsKey(sourceUuid < targetUuid ? `${sourceUuid} ${targetUuid}` : `${targetUuid} ${sourceUuid}`),
  }));
  const rows = await graph.read<{ uuid: string; rivals: string[]; endings: string[] }>(
    `UNWIND $asked AS x
     OPTIONAL MATCH (k:_Meta {key: x.fact})
     OPTIONAL MATCH (p:_Meta {key: x.pair})
     RETURN x.uuid AS uuid, coalesce(k.rivals, []) AS rivals, coalesce(p.endings, []) AS endings`,
    { asked },
  );
  return new Map(rows.map(({ uuid, rivals, endings }) => [uuid, { rivals, endings: endings.flatMap(readEnding) }]));
}

/** `<episode> <time>` */
function readEnding(text: string): EndEvidence['endings'] {
  const [episode, at] = text.split(' ');
  return episode !== undefined && at !== undefined ? [{ episode, at }] : [];
}

export async function factsByUuid(graph: GroupGraph, uuids: readonly string[]): Promise<FactRow[]> {
  if (uuids.length === 0) return [];
  return graph.read(`UNWIND $uuids AS uuid MATCH ()-[e:RELATES_TO {uuid: uuid}]->() ${RETURN_FACTS}`, { uuids });
}
