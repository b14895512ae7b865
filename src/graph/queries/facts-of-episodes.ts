import type { GroupGraph } from '../group-graph.ts';
import { type FactRow, RETURN_FACTS } from './fact-rows.ts';

/** The facts that any of some episodes states or ended, those that began first before others. */
export function factsOfEpisodes(graph: GroupGraph, episodes: readonly string[]): Promise<FactRow[]> {
  return graph.read(
    `UNWIND $episodes AS episode
     MATCH (p:Episodic {uuid: episode})
     UNWIND coalesce(p.entity_edges, []) AS stated
     WITH DISTINCT stated
     MATCH ()-[e:RELATES_TO {uuid: stated}]->()
     WITH DISTINCT e ORDER BY e.valid_at, e.fact
     ${RETURN_FACTS}`,
    { episodes },
  );
}
