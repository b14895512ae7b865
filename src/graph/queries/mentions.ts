import type { GroupGraph } from '../group-graph.ts';

/** An episode that mentions an entity; its time in the graph's format. */
export interface MentionRow {
  readonly uuid: string;
  readonly name: string;
  readonly referenceTime: string;
}

/** The episodes that mention some entities, newest first. */
export function readMentions(
  graph: GroupGraph,
  entities: readonly string[],
  offset: number,
  limit: number,
): Promise<MentionRow[]> {
  return graph.read(
    `UNWIND $entities AS entity
     MATCH (:Entity {uuid: entity})<-[:MENTIONS]-(p:Episodic)
     WITH DISTINCT p ORDER BY p.valid_at DESC, p.uuid SKIP $offset LIMIT $limit
     RETURN p.uuid AS uuid, p.name AS name, p.valid_at AS referenceTime
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
