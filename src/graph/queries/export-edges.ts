import type { GroupGraph } from '../group-graph.ts';
import { type Depth, held, type NodeRow, withProperties } from './export-nodes.ts';

export interface EdgeRow extends Pick<NodeRow, 'properties' | 'types'> {
  readonly type: string;
  /** uuids of the ends. */
  readonly source: string | null;
  readonly target: string | null;
}

/** The edges that leave the nodes numbered `from` to `to`, in the order in which FalkorDB builds an index of them anew. */
export async function exportEdges(graph: GroupGraph, from: number, to: number, depth: Depth): Promise<EdgeRow[]> {
  return withProperties<EdgeRow>(
    await graph.read(
      `MATCH (a)-[x]->(b) WHERE id(a) >= $from AND id(a) <= $to
       WITH a, x, b ORDER BY id(a), id(b), id(x)
       RETURN type(x) AS type, a.uuid AS source, b.uuid AS target, ${held(depth)}`,
      { from, to },
    ),
  );
}

/** Some of the edges that leave one node with very many, in the same order. */
export async function exportEdgesOf(
  graph: GroupGraph,
  node: number,
  skip: number,
  count: number,
  depth: Depth,
): Promise<EdgeRow[]> {
  return withProperties<EdgeRow>(
    await graph.read(
      `MATCH (a)-[x]->(b) WHERE id(a) = $node
       WITH a, x, b ORDER BY id(b), id(x) SKIP $skip LIMIT $count
       RETURN type(x) AS type, a.uuid AS source, b.uuid AS target, ${held(depth)}`,
      { node, skip, count },
    ),
  );
}
