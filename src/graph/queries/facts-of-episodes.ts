import type { GroupGraph } from '../group-graph.ts';
import { type FactRow, RETURN_FACTS } from './fact-rows.ts';
import { type Moment, momentParams, notAfterOrMissing } from './moment.ts';

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

/** Facts of some episodes that had ended, as far as the graph can tell: with a day's room for other offsets. */
export function endedFacts(
  graph: GroupGraph,
  episodes: readonly string[],
  moment: Moment,
): Promise<{ episode: string; fact: string; invalidAt: string | null; expiredAt: string | null }[]> {
  return graph.read(
    `UNWIND $episodes AS episode
     MATCH (p:Episodic {uuid: episode})
     UNWIND coalesce(p.entity_edges, []) AS stated
     MATCH ()-[e:RELATES_TO {uuid: stated}]->() WHERE e.invalid_at IS NOT NULL AND ${notAfterOrMissing('e.invalid_at', 'asOf')}
     RETURN DISTINCT episode, e.fact AS fact, e.invalid_at AS invalidAt, e.expired_at AS expiredAt`,
    { ...momentParams(moment), episodes },
  );
}
