import type { GroupGraph } from '../group-graph.ts';

export interface NodeRow {
  /** FalkorDB's own number of the node; only good for asking for the next ones. */
  readonly id: number;
  readonly labels: readonly string[];
  readonly properties: Readonly<Record<string, unknown>>;
}

/** The next `count` nodes after the number `after` (−1 for the first), with all that they hold. */
export function exportNodes(graph: GroupGraph, after: number, count: number): Promise<NodeRow[]> {
  return graph.read(
    `MATCH (n) WHERE id(n) > $after
     WITH n ORDER BY id(n) LIMIT $count
     RETURN id(n) AS id, labels(n) AS labels, properties(n) AS properties`,
    { after, count },
  );
}
