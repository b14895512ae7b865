import type { GroupGraph } from '../group-graph.ts';

// Ends with labels would be looked for first: 60 ms for each uuid among 10,000 facts instead of 0.1 ms.
const PATTERNS = {
  facts: 'MATCH ()-[x:RELATES_TO {uuid: uuid}]->() RETURN uuid, x.fact_embedding AS vector',
  entities: 'MATCH (x:Entity {uuid: uuid}) RETURN uuid, x.name_embedding AS vector',
  communities: 'MATCH (x:Community {uuid: uuid}) RETURN uuid, x.name_embedding AS vector',
};

/** The vectors of some facts, entities or communities by uuid; none for what has none. */
export async function storedVectors(
  graph: GroupGraph,
  kind: keyof typeof PATTERNS,
  uuids: readonly string[],
): Promise<Map<string, readonly number[]>> {
  const rows = await graph.read<{ uuid: string; vector: number[] | null }>(`UNWIND $uuids AS uuid ${PATTERNS[kind]}`, {
    uuids,
  });
  return new Map(rows.map(({ uuid, vector }) => [uuid, vector ?? []]));
}
