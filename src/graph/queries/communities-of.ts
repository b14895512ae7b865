import type { GroupGraph } from '../group-graph.ts';

/** uuids of the communities that some entities belong to. */
export async function communitiesOf(graph: GroupGraph, entities: readonly string[]): Promise<string[]> {
  const rows = await graph.read<{ uuid: string }>(
    `UNWIND $entities AS uuid
     MATCH (:Entity {uuid: uuid})<-[:HAS_MEMBER]-(c:Community)
     RETURN DISTINCT c.uuid AS uuid`,
    { entities },
  );
  return rows.map(({ uuid }) => uuid);
}
