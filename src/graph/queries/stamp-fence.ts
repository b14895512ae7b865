import type { GroupGraph } from '../group-graph.ts';
import { readFence } from './read-fence.ts';

/**
 * Notes in a graph that has been written under a lease that a later one was taken, so that whoever still holds an older one
 * without knowing can write no more.
 * @returns the fence that the graph has now; 0 for a graph that no lease was ever needed for, which gets none
 */
export async function stampFence(graph: GroupGraph, fence: number): Promise<number> {
  await graph.write(`MATCH (m:_Meta {key: 'fence'}) WHERE m.token < $fence SET m.token = $fence`, { fence });
  return readFence(graph);
}
