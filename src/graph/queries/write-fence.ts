import type { GroupGraph } from '../group-graph.ts';

/** Notes the lease under which a graph that nobody else sees was written. */
export async function writeFence(graph: GroupGraph, fence: number): Promise<void> {
  await graph.write(`MERGE (m:_Meta {key: 'fence'}) SET m.token = $fence`, { fence });
}
