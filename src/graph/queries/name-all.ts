import type { GroupGraph } from '../group-graph.ts';

/** Names of episodes and entities and sentences of facts, by uuid. */
export async function nameAll(
  graph: GroupGraph,
  { episodes, facts, entities }: Record<'episodes' | 'facts' | 'entities', readonly string[]>,
): Promise<ReadonlyMap<string, string>> {
  const rows = await graph.read<{ uuid: string; name: string }>(
    `UNWIND $episodes AS uuid MATCH (p:Episodic {uuid: uuid}) RETURN uuid, p.name AS name
     UNION ALL
     UNWIND $facts AS uuid MATCH ()-[e:RELATES_TO {uuid: uuid}]->() RETURN uuid, e.fact AS name
     UNION ALL
     UNWIND $entities AS uuid MATCH (n:Entity {uuid: uuid}) RETURN uuid, n.name AS name`,
    { episodes, facts, entities },
  );
  return new Map(rows.map(({ uuid, name }) => [uuid, name]));
}
