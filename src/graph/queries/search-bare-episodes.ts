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
 * Episodes that match any of the full-text terms and have no facts (not yet, or because none were found in them), best first; only
 * those from before `asOf` (graph format).
 */
export function searchBareEpisodes(
  graph: GroupGraph,
  terms: readonly string[],
  asOf: string,
  limit: number,
): Promise<EpisodeRow[]> {
  return graph.read(
    `UNWIND $terms AS term
     CALL {
       WITH term
       CALL db.idx.fulltext.queryNodes('Episodic', term) YIELD node AS p, score
         WHERE size(p.entity_edges) = 0 AND coalesce(p.valid_at, '') <= $asOf
       RETURN p, score LIMIT ${FOR_EACH_TERM}
     }
     WITH p, sum(score) AS score ORDER BY score DESC, p.uuid LIMIT $limit
     RETURN p.uuid AS uuid, p.name AS name, p.content AS content, p.source_description AS sourceDescription,
            p.valid_at AS referenceTime`,
    { terms, asOf, limit },
  );
}
