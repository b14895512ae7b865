import type { GroupGraph } from '../group-graph.ts';

/** A uuid that more than one node has; undefined for none. */
export async function exportTwins(graph: GroupGraph): Promise<string | undefined> {
  const [row] = await graph.read<{ uuid: string }>(
    `MATCH (n) WHERE n.uuid IS NOT NULL
     WITH n.uuid AS uuid, count(n) AS nodes WHERE nodes > 1
     RETURN uuid LIMIT 1`,
  );
  return row?.uuid;
}
