import type { GroupGraph } from '../group-graph.ts';

export interface EdgeRow {
  readonly type: string;
  /** uuids of the ends. */
  readonly source: string;
  readonly target: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** All edges that leave the nodes with numbers above `after` up to `upTo`, in a fixed order. */
export function exportEdges(graph: GroupGraph, after: number, upTo: number): Promise<EdgeRow[]> {
  return graph.read(
    `MATCH (a)-[e]->(b) WHERE id(a) > $after AND id(a) <= $upTo
     RETURN type(e) AS type, a.uuid AS source, b.uuid AS target, properties(e) AS properties
     ORDER BY id(a), id(e)`,
    { after, upTo },
  );
}
