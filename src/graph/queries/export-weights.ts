import type { GroupGraph } from '../group-graph.ts';

/** How much there is to read of a node. */
export interface Weight {
  /** FalkorDB's own number of the node. */
  readonly id: number;
  readonly isMeta: boolean;
  /** Characters of its longest text. */
  readonly text: number;
  /** How many edges leave it. */
  readonly edges: number;
}

/** Of the nodes numbered from `from` to before `to`, in the order of their numbers. */
export function exportWeights(graph: GroupGraph, from: number, to: number): Promise<Weight[]> {
  return graph.read(
    `MATCH (n) WHERE id(n) >= $from AND id(n) < $to
     WITH n, coalesce(n.content, n.unread) AS text
     RETURN id(n) AS id, '_Meta' IN labels(n) AS isMeta,
            CASE WHEN typeOf(text) = 'String' THEN size(text) ELSE 0 END AS text, outdegree(n) AS edges
     ORDER BY id`,
    { from, to },
  );
}
