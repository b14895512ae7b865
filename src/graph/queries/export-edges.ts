import type { GroupGraph } from '../group-graph.ts';

export interface EdgeRow {
  /** FalkorDB's own number of the edge; only good for asking for the next ones. */
  readonly id: number;
  readonly type: string;
  /** uuids of the ends. */
  readonly source: string;
  readonly target: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** The next `count` edges that leave the nodes numbered `from` to `to`, after the edge number `after` (−1 for the first). */
export function exportEdges(
  graph: GroupGraph,
  from: number,
  to: number,
  after: number,
  count: number,
): Promise<EdgeRow[]> {
  return graph.read(
    `MATCH (a)-[e]->(b) WHERE id(a) >= $from AND id(a) <= $to AND id(e) > $after
     WITH a, e, b ORDER BY id(e) LIMIT $count
     RETURN id(e) AS id, type(e) AS type, a.uuid AS source, b.uuid AS target, properties(e) AS properties`,
    { from, to, after, count },
  );
}
