import type { GroupGraph } from '../group-graph.ts';

/** uuids of all facts of some entities. */
export async function entityFacts(graph: GroupGraph, entities: readonly string[]): Promise<string[]> {
  const rows = await graph.read<{ uuid: string }>(
    `UNWIND $entities AS uuid
     MATCH (:Entity {uuid: uuid})-[e:RELATES_TO]-(:Entity)
     RETURN DISTINCT e.uuid AS uuid`,
    { entities },
  );
  return rows.map(({ uuid }) => uuid);
}
