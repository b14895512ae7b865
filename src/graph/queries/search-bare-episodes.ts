import type { GroupGraph } from '../group-graph.ts';

export interface EpisodeRow {
  readonly uuid: string;
  readonly name: string;
  readonly content: string;
  readonly sourceDescription: string;
  /** In the graph's format. */
  readonly referenceTime: string;
}

/**
 * Episodes that match a full-text query and have no facts (not yet, or because none were found in them), best first; only
 * those from before `asOf` (graph format).
 */
export function searchBareEpisodes(
  graph: GroupGraph,
  words: string,
  asOf: string,
  limit: number,
): Promise<EpisodeRow[]> {
  return graph.read(
    `CALL db.idx.fulltext.queryNodes('Episodic', $words) YIELD node AS p, score
     WITH p, score WHERE size(p.entity_edges) = 0 AND coalesce(p.valid_at, '') <= $asOf
     WITH p, score ORDER BY score DESC, p.uuid LIMIT $limit
     RETURN p.uuid AS uuid, p.name AS name, p.content AS content, p.source_description AS sourceDescription,
            p.valid_at AS referenceTime`,
    { words, asOf, limit },
  );
}
