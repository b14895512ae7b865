import type { GroupGraph } from '../group-graph.ts';

/** One row, `isEmpty`: true for a graph that remembers nothing, though it may be prepared for it. */
export const IS_EMPTY = `OPTIONAL MATCH (n) WHERE NOT ('_Meta' IN labels(n) AND n.key IN ['embedder', 'fence'])
     WITH n LIMIT 1 RETURN n IS NULL AS isEmpty`;

export async function isEmpty(graph: Pick<GroupGraph, 'read'>): Promise<boolean> {
  const [row] = await graph.read<{ isEmpty: boolean }>(IS_EMPTY);
  return row?.isEmpty ?? true;
}
