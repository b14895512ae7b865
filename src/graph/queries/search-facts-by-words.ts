import type { GroupGraph } from '../group-graph.ts';
import type { Conditions } from './fact-conditions.ts';
import { type FactRow, RETURN_FACTS } from './fact-rows.ts';

/**
 * Facts that match any of the full-text terms, those that match most and rarest first.
 * @param forEachTerm so many facts count for each term
 */
export function searchFactsByWords(
  graph: GroupGraph,
  terms: readonly string[],
  { text, params }: Conditions,
  limit: number,
  forEachTerm: number,
): Promise<FactRow[]> {
  return graph.read(
    `UNWIND $terms AS term
     CALL {
       WITH term
       CALL db.idx.fulltext.queryRelationships('RELATES_TO', term) YIELD relationship AS e, score WHERE ${text}
       RETURN e, score LIMIT $forEachTerm
     }
     WITH e, sum(score) AS score ORDER BY score DESC LIMIT $limit
     ${RETURN_FACTS}`,
    { ...params, terms, limit, forEachTerm },
  );
}
