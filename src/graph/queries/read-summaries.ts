import type { GroupGraph } from '../group-graph.ts';

/** What an entity is summed up by, and from. */
export interface SummaryRow {
  readonly uuid: string;
  readonly summary: string;
  /** The sentences of its facts that hold, those that began first before others; null for an entity of many facts. */
  readonly held: readonly string[] | null;
}

/** So many sentences are too long together anyhow. */
const MANY = 60;

/**
 * @param now graph format
 * @param many of an entity with more facts they are not read
 */
export async function readSummaries(
  graph: GroupGraph,
  uuids: readonly string[],
  now: string,
  many = MANY,
): Promise<SummaryRow[]> {
  if (uuids.length === 0) return [];
  const rows = await graph.read<SummaryRow & { degree: number }>(
    `UNWIND $uuids AS uuid
     MATCH (n:Entity {uuid: uuid})
     WITH n, indegree(n, 'RELATES_TO') + outdegree(n, 'RELATES_TO') AS degree
     CALL {
       WITH n, degree
       OPTIONAL MATCH (n)-[e:RELATES_TO]-(:Entity) WHERE degree <= $many AND coalesce(e.invalid_at, '9') > $now
       WITH e ORDER BY coalesce(e.valid_at, ''), e.fact
       RETURN collect(e.fact) AS held
     }
     RETURN n.uuid AS uuid, coalesce(n.summary, '') AS summary, degree, held`,
    { uuids, now, many },
  );
  return rows.map(({ degree, held, ...row }) => ({ ...row, held: degree <= many ? held : null }));
}
