import type { GroupGraph } from '../group-graph.ts';

export interface ChainRow {
  readonly uuid: string;
  readonly name: string;
  /** In the graph's format. */
  readonly referenceTime: string;
}

/** A saga's episodes in the order of its chain. */
export function readSagaChain(graph: GroupGraph, saga: string): Promise<ChainRow[]> {
  return graph.read(
    `MATCH (s:Saga {uuid: $saga})-[:HAS_EPISODE]->(p:Episodic)
     WITH DISTINCT p.uuid AS uuid, p.name AS name, p.valid_at AS referenceTime, p.created_at AS createdAt
     RETURN uuid, name, referenceTime ORDER BY coalesce(referenceTime, ''), coalesce(createdAt, ''), uuid`,
    { saga },
  );
}
