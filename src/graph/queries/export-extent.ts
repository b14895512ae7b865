import type { GroupGraph } from '../group-graph.ts';

export interface Extent {
  readonly nodes: number;
  readonly edges: number;
  /** FalkorDB's highest number of a node; −1 for none. */
  readonly last: number;
}

/** How much there is to export. */
export async function exportExtent(graph: GroupGraph): Promise<Extent> {
  const [[nodes], [edges]] = await Promise.all([
    graph.read<{ n: number; last: number | null }>('MATCH (n) RETURN count(n) AS n, max(id(n)) AS last'),
    graph.read<{ n: number }>('MATCH ()-[e]->() RETURN count(e) AS n'),
  ]);
  return { nodes: nodes?.n ?? 0, edges: edges?.n ?? 0, last: nodes?.last ?? -1 };
}
