import type { GroupGraph } from '../group-graph.ts';
import { type FactRow, HELD, RETURN_FACTS } from './fact-rows.ts';

/** So many facts count for each term; a term that more facts hold tells little about any of them. */
const FOR_EACH_TERM = 30;

/** Facts that held at `asOf` (graph format) and match any of the full-text terms, those that match most and rarest first. */
export function searchFactsByWords(
  graph: GroupGraph,
  terms: readonly string[],
  asOf: string,
  limit: number,
): Promise<FactRow[]> {
  return graph.read(
    `UNWIND $terms AS term
     CALL {
       WITH term
       CALL db.idx.fulltext.queryRelationships('RELATES_TO', term) YIELD relationship AS e, score WHERE ${HELD}
       RETURN e, score LIMIT ${FOR_EACH_TERM}
     }
     WITH e, sum(score) AS score ORDER BY score DESC LIMIT $limit
     ${RETURN_FACTS}`,
    { terms, asOf, limit },
  );
}
