import type { GroupGraph } from '../group-graph.ts';

/** For each of some entities the uuids of the episodes that mention it, each once. */
export async function entityEpisodes(
  graph: GroupGraph,
  entities: readonly string[],
): Promise<Map<string, readonly string[]>> {
  const rows = await graph.read<{ entity: string; episodes: string[] }>(
    `UNWIND $entities AS entity
     MATCH (:Entity {uuid: entity})<-[:MENTIONS]-(p:Episodic)
     RETURN entity, collect(DISTINCT p.uuid) AS episodes`,
    { entities },
  );
  return new Map(rows.map(({ entity, episodes }) => [entity, episodes]));
}
