import type { GroupGraph } from '../group-graph.ts';
import { BEHIND_FENCE, RETURN_FENCE } from './fence.ts';
import { readFence } from './read-fence.ts';

const ATTEMPTS = 5;

/**
 * Notes in a graph that has been written under a lease that a later one was taken, so that whoever still holds an older one
 * without knowing can write no more.
 * @returns the fence that the graph has now; 0 for a graph that no lease was ever needed for, which gets none
 */
export async function stampFence(graph: GroupGraph, fence: number): Promise<number> {
  let seen = await readFence(graph);
  // Refused by a late write of an older lease; there are no more of them than workers that were frozen.
  for (let attempt = 0; attempt < ATTEMPTS && seen > 0 && seen < fence; attempt += 1) {
    await graph.change(`${BEHIND_FENCE} ${RETURN_FENCE}`, { fence, seen });
    seen = await readFence(graph);
  }
  return seen;
}
