import type { GroupGraph } from '../group-graph.ts';

export interface SagaRow {
  readonly name: string;
  /** How many episodes it has. */
  readonly episodes: number;
  /** When the first and the last of them were true, in the graph's format; null while it has none. */
  readonly first: string | null;
  readonly last: string | null;
}

/** All sagas, the one that went on last first. */
export function listSagas(graph: GroupGraph): Promise<SagaRow[]> {
  return graph.read(
    `MATCH (s:Saga)
     OPTIONAL MATCH (s)-[:HAS_EPISODE]->(p:Episodic)
     WITH s.name AS name, count(p) AS episodes, min(p.valid_at) AS first, max(p.valid_at) AS last
     RETURN name, episodes, first, last ORDER BY coalesce(last, '') DESC, name`,
  );
}
