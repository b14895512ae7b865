import type { GroupGraph } from '../group-graph.ts';
import { MATCH_FILE, REFERENCE_COLUMNS, type ReferenceRow } from './episodes.ts';

/** The episodes that mention some entities, newest first. */
export function readMentions(
  graph: GroupGraph,
  entities: readonly string[],
  offset: number,
  limit: number,
): Promise<ReferenceRow[]> {
  return graph.read(
    `UNWIND $entities AS entity
     MATCH (:Entity {uuid: entity})<-[:MENTIONS]-(p:Episodic)
     WITH DISTINCT p ORDER BY p.valid_at DESC, p.uuid SKIP $offset LIMIT $limit
     ${MATCH_FILE}
     RETURN ${REFERENCE_COLUMNS}
     ORDER BY referenceTime DESC, uuid`,
    { entities, offset, limit },
  );
}

/** The number of mentions of some entities. */
export async function countMentions(graph: GroupGraph, entities: readonly string[]): Promise<number> {
  const [row] = await graph.read<{ n: number }>(
    `UNWIND $entities AS entity
     MATCH (n:Entity {uuid: entity})
     RETURN sum(indegree(n, 'MENTIONS')) AS n`,
    { entities },
  );
  return row?.n ?? 0;
}

const MOST_ALIASES = 50;

/** Other names of some entities, sorted. */
export async function readAliases(graph: GroupGraph, entities: readonly string[]): Promise<string[]> {
  const rows = await graph.read<{ alias: string }>(
    `MATCH (a:_Alias) WHERE a.entity IN $entities AND a.alias IS NOT NULL
     RETURN DISTINCT a.alias AS alias ORDER BY alias LIMIT ${MOST_ALIASES}`,
    { entities },
  );
  return rows.map(({ alias }) => alias);
}
