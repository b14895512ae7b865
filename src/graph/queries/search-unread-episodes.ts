import type { GroupGraph } from '../group-graph.ts';

export interface EpisodeRow {
  readonly uuid: string;
  readonly name: string;
  readonly content: string;
  readonly sourceDescription: string;
  /** In the graph's format. */
  readonly referenceTime: string;
}

const FOR_EACH_TERM = 60;

/**
 * Episodes without facts (not yet, or because none were found in them) that match any of the full-text terms, best first;
 * only those from before `asOf` (graph format).
 */
export function searchUnreadEpisodes(
  graph: GroupGraph,
  terms: readonly string[],
  asOf: string,
  limit: number,
): Promise<EpisodeRow[]> {
  return graph.read(
    `UNWIND $terms AS term
     CALL {
       WITH term
       CALL db.idx.fulltext.queryNodes('_Meta', term) YIELD node AS m, score
       RETURN m, score LIMIT ${FOR_EACH_TERM}
     }
     WITH m, sum(score) AS score
     MATCH (p:Episodic {uuid: m.episode}) WHERE coalesce(p.valid_at, '') <= $asOf
     RETURN p.uuid AS uuid, p.name AS name, p.content AS content, p.source_description AS sourceDescription,
            p.valid_at AS referenceTime
     ORDER BY score DESC LIMIT $limit`,
    { terms, asOf, limit },
  );
}
