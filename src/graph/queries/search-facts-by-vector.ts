import type { GroupGraph } from '../group-graph.ts';
import { type FactRow, RETURN_FACTS } from './fact-rows.ts';

/** Cosine distance (1 − cosine) beyond which texts have nothing to do with each other; Graphiti's `min_score` 0.6. */
const FARTHEST = 0.8;

export interface NearRow extends FactRow {
  /** False when the vector has too little to do with the query's. */
  readonly near: boolean;
}

/** The `count` facts nearest to a vector, whenever they held: the index knows no dates. Nearest first. */
export function searchFactsByVector(graph: GroupGraph, vector: readonly number[], count: number): Promise<NearRow[]> {
  return graph.read(
    `CALL db.idx.vector.queryRelationships('RELATES_TO', 'fact_embedding', $count, vecf32($vector))
       YIELD relationship AS e, score
     WITH e, score ORDER BY score
     ${RETURN_FACTS.replace('WITH e,', 'WITH e, score,')}, score < ${FARTHEST} AS near`,
    { vector, count },
  );
}
