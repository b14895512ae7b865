import type { GroupGraph } from '../group-graph.ts';

/** False for a graph in which another program keeps something else. */
export async function isMemory(graph: GroupGraph): Promise<boolean> {
  const labels = await graph.read<{ label: string }>('CALL db.labels() YIELD label RETURN label');
  return labels.some(({ label }) => label === 'Episodic' || label === 'Entity');
}
