import type { GroupGraph } from '../group-graph.ts';

export interface GraphCounts {
  readonly episodes: number;
  readonly entities: number;
  readonly facts: number;
  readonly nodes: number;
}

export async function countGraph(graph: GroupGraph): Promise<GraphCounts> {
  const count = async (pattern: string): Promise<number> =>
    (await graph.read<{ n: number }>(`MATCH ${pattern} RETURN count(x) AS n`))[0]?.n ?? 0;
  const [episodes, entities, facts, nodes] = await Promise.all([
    count('(x:Episodic)'),
    count('(x:Entity)'),
    count('()-[x:RELATES_TO]->()'),
    count('(x)'),
  ]);
  return { episodes, entities, facts, nodes };
}
