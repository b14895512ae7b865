import type { GroupGraph } from '../group-graph.ts';
import type { Conditions } from './filter-conditions.ts';
import { collectHits, scoreRareTerms, unionPerTerm } from './term-search.ts';

export interface EpisodeRow {
  readonly uuid: string;
  readonly name: string;
  readonly content: string;
  readonly sourceDescription: string;
  /** In the graph's format. */
  readonly referenceTime: string;
  readonly createdAt: string | null;
}

/**
 * Episodes that match at least one full-text term and meet the conditions on `p`, best first. Given facts are left out, since searches find
 * the facts themselves.
 * @param most terms that match this many episodes are ignored
 */
export function searchEpisodes(
  graph: GroupGraph,
  terms: readonly string[],
  { text, params }: Conditions,
  limit: number,
  most: number,
): Promise<EpisodeRow[]> {
  const each = unionPerTerm(
    terms,
    (term) => `CALL db.idx.fulltext.queryNodes('Episodic', ${term}) YIELD node AS p WHERE ${text} ${collectHits('p')}`,
  );
  return graph.read(
    `${scoreRareTerms(each.text, 'p')}
     WITH p, score WHERE p.source <> 'fact_triple'
     WITH p, sum(score) AS score ORDER BY score DESC, p.valid_at DESC, p.created_at DESC, p.content, p.uuid LIMIT $limit
     RETURN p.uuid AS uuid, p.name AS name, p.content AS content, p.source_description AS sourceDescription,
            p.valid_at AS referenceTime, p.created_at AS createdAt`,
    { ...params, ...each.params, limit, most },
  );
}
