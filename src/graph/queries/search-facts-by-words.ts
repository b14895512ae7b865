import type { GroupGraph } from '../group-graph.ts';
import { collected, eachTerm, unlessUsual } from './each-term.ts';
import type { Conditions } from './fact-conditions.ts';
import { type FactRow, RETURN_FACTS } from './fact-rows.ts';

/**
 * Facts that match any of the full-text terms, those that match most and rarest first.
 * @param most terms that so many facts match, or more, bring none
 */
export function searchFactsByWords(
  graph: GroupGraph,
  terms: readonly string[],
  { text, params }: Conditions,
  limit: number,
  most: number,
): Promise<FactRow[]> {
  const each = eachTerm(
    terms,
    (term) => `CALL db.idx.fulltext.queryRelationships('RELATES_TO', ${term}) YIELD relationship AS e WHERE ${text}
       ${collected('e')}`,
  );
  return graph.read(
    `${unlessUsual(each.text, 'e')}
     WITH e, sum(score) AS score ORDER BY score DESC, e.uuid LIMIT $limit
     ${RETURN_FACTS}`,
    { ...params, ...each.params, limit, most },
  );
}
