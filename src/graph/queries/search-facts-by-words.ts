import type { GroupGraph } from '../group-graph.ts';
import { type FactRow, HELD, RETURN_FACTS } from './fact-rows.ts';

/** Facts that held at `asOf` (graph format) and match a full-text query, best first. */
export function searchFactsByWords(graph: GroupGraph, words: string, asOf: string, limit: number): Promise<FactRow[]> {
  return graph.read(
    `CALL db.idx.fulltext.queryRelationships('RELATES_TO', $words) YIELD relationship AS e, score
     WITH e, score WHERE ${HELD}
     WITH e, score ORDER BY score DESC, e.uuid LIMIT $limit
     ${RETURN_FACTS}`,
    { words, asOf, limit },
  );
}
