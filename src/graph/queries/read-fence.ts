import type { GroupGraph } from '../group-graph.ts';

/** The number of the lease under which the graph was last written; 0 for a new graph. */
export async function readFence(graph: GroupGraph): Promise<number> {
  const [row] = await graph.read<{ token: number }>(`MATCH (m:_Meta {key: 'fence'}) RETURN m.token AS token`);
  return row?.token ?? 0;
}
