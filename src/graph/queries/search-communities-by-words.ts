import type { GroupGraph } from '../group-graph.ts';
import { ANY_NUMBER, collected, eachTerm, unlessUsual } from './each-term.ts';

export interface CommunityRow {
  readonly uuid: string;
  readonly name: string;
  readonly summary: string;
  readonly createdAt: string | null;
}

/** Returns what is bound to `node` as `CommunityRow`s. */
export const RETURN_COMMUNITIES = `
RETURN node.uuid AS uuid, coalesce(node.name, '') AS name, coalesce(node.summary, '') AS summary, node.created_at AS createdAt`;

/** Communities whose name matches any of the full-text terms, those that match most first. */
export function searchCommunitiesByWords(
  graph: GroupGraph,
  terms: readonly string[],
  limit: number,
): Promise<CommunityRow[]> {
  const each = eachTerm(
    terms,
    (term) => `CALL db.idx.fulltext.queryNodes('Community', ${term}) YIELD node ${collected('node')}`,
  );
  return graph.read(
    `${unlessUsual(each.text, 'node')}
     WITH node, sum(score) AS score ORDER BY score DESC, node.uuid LIMIT $limit
     ${RETURN_COMMUNITIES}`,
    { ...each.params, limit, most: ANY_NUMBER },
  );
}
