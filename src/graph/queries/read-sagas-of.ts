import type { GroupGraph } from '../group-graph.ts';

export interface SagaOf {
  readonly uuid: string;
  /** Whether something was told of it. */
  readonly isTold: boolean;
  /** uuids of its episodes in the order of its chain. */
  readonly chain: readonly string[];
}

/** The sagas of some episodes. */
export function readSagasOf(graph: GroupGraph, episodes: readonly string[]): Promise<SagaOf[]> {
  return graph.read(
    `UNWIND $episodes AS uuid
     MATCH (:Episodic {uuid: uuid})<-[:HAS_EPISODE]-(s:Saga)
     WITH DISTINCT s
     MATCH (s)-[:HAS_EPISODE]->(p:Episodic)
     WITH DISTINCT s, p.uuid AS uuid, coalesce(p.valid_at, '') AS validAt, coalesce(p.created_at, '') AS createdAt
     ORDER BY validAt, createdAt, uuid
     RETURN s.uuid AS uuid, coalesce(s.summary, '') <> '' AS isTold, collect(uuid) AS chain`,
    { episodes },
  );
}
