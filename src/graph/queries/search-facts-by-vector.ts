import type { GroupGraph } from '../group-graph.ts';
import type { Conditions } from './fact-conditions.ts';
import { type FactRow, returnFacts } from './fact-rows.ts';

/** Cosine distance (1 − cosine) beyond which texts have nothing to do with each other; Graphiti's `min_score` 0.6. */
export const FARTHEST = 0.8;

export interface NearRow extends FactRow {
  /** False when the vector has too little to do with the query's. */
  readonly near: boolean;
  /** False when it does not meet the conditions. */
  readonly fits: boolean;
}

/** The `count` facts nearest to a vector, whatever else they are: the index knows no conditions. Nearest first. */
export function searchFactsByVector(
  graph: GroupGraph,
  vector: readonly number[],
  { text, params }: Conditions,
  count: number,
): Promise<NearRow[]> {
  return graph.read(
    `CALL db.idx.vector.queryRelationships('RELATES_TO', 'fact_embedding', $count, vecf32($vector))
       YIELD relationship AS e, score
     WITH e, score ORDER BY score, e.uuid
     ${returnFacts(['score'], `score < ${FARTHEST} AS near, (${text}) AS fits`)}`,
    { ...params, vector, count },
  );
}
