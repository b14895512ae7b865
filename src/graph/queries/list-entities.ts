import type { GroupGraph } from '../group-graph.ts';

export interface EntityRow {
  readonly uuid: string;
  readonly name: string;
  readonly labels: readonly string[];
  readonly summary: string;
}

/** Entities in the order of their names; with a type those that carry it, in any writing of case. */
export function listEntities(graph: GroupGraph, type: string | undefined): Promise<EntityRow[]> {
  const filter = type === undefined ? '' : 'WHERE any(label IN labels(n) WHERE toLower(label) = $type)';
  return graph.read(
    `MATCH (n:Entity) ${filter}
     RETURN n.uuid AS uuid, n.name AS name, labels(n) AS labels, n.summary AS summary
     ORDER BY toLower(n.name), n.uuid`,
    type === undefined ? {} : { type: type.toLowerCase() },
  );
}
