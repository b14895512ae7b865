import type { GroupGraph } from '../group-graph.ts';

export interface EpisodeRow {
  readonly uuid: string;
  readonly name: string;
  readonly content: string;
  readonly sourceDescription: string;
  /** In the graph's format. */
  readonly referenceTime: string;
}

const FOR_EACH_TERM = 10;

/**
 * Raw episodes that match any of the full-text terms, best first; only those from before `asOf` (graph format). Those without
 * facts stand in an index of their own, so that a fresh one is found behind however many older ones.
 */
export function searchEpisodes(
  graph: GroupGraph,
  terms: readonly string[],
  asOf: string,
  limit: number,
): Promise<EpisodeRow[]> {
  return graph.read(
    `UNWIND $terms AS term
     CALL {
       WITH term
       CALL db.idx.fulltext.queryNodes('Episodic', term) YIELD node, score
       RETURN node.uuid AS uuid, score LIMIT ${FOR_EACH_TERM}
       UNION
       WITH term
       CALL db.idx.fulltext.queryNodes('_Meta', term) YIELD node, score
       RETURN node.episode AS uuid, score LIMIT ${FOR_EACH_TERM}
     }
     WITH uuid, sum(score) AS score
     MATCH (p:Episodic {uuid: uuid}) WHERE coalesce(p.valid_at, '') <= $asOf
     WITH p, score ORDER BY score DESC LIMIT $limit
     RETURN p.uuid AS uuid, p.name AS name, p.content AS content, p.source_description AS sourceDescription,
            p.valid_at AS referenceTime`,
    { terms, asOf, limit },
  );
}
