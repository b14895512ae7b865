import type { GroupGraph } from '../group-graph.ts';
import type { Conditions } from './conditions.ts';
import { collected, eachTerm, unlessUsual } from './each-term.ts';

export interface EpisodeRow {
  readonly uuid: string;
  readonly name: string;
  readonly content: string;
  readonly sourceDescription: string;
  /** As the graph has them. */
  readonly referenceTime: string;
  readonly createdAt: string | null;
}

/**
 * Raw episodes that match any of the full-text terms and meet the conditions on `p`, best first.
 * Given facts speak for themselves.
 * @param most terms that match this many episodes, or more, are ignored
 */
export function searchEpisodes(
  graph: GroupGraph,
  terms: readonly string[],
  { text, params }: Conditions,
  limit: number,
  most: number,
): Promise<EpisodeRow[]> {
  const each = eachTerm(
    terms,
    (term) => `CALL db.idx.fulltext.queryNodes('Episodic', ${term}) YIELD node AS p WHERE ${text} ${collected('p')}`,
  );
  return graph.read(
    `${unlessUsual(each.text, 'p')}
     WITH p, score WHERE p.source <> 'fact_triple'
     WITH p, sum(score) AS score ORDER BY score DESC, p.uuid LIMIT $limit
     RETURN p.uuid AS uuid, p.name AS name, p.content AS content, p.source_description AS sourceDescription,
            p.valid_at AS referenceTime, p.created_at AS createdAt`,
    { ...params, ...each.params, limit, most },
  );
}
