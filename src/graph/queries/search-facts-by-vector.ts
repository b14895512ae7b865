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
  readonly cosine: number;
}

/** So many times what is wanted is asked of the index, in turn. */
export const CIRCLES = [2, 16, 128];

/**
 * The `count` facts nearest to a vector, whatever else they are: the index knows no conditions. Nearest first. Less come only
 * where there are no more: the index still counts what a fact was before each of its changes and then leaves it out, so that of
 * twenty asked for few may be left.
 */
export async function searchFactsByVector(
  graph: GroupGraph,
  vector: readonly number[],
  { text, params }: Conditions,
  count: number,
): Promise<NearRow[]> {
  const nearest = (facts: string, circle: number) =>
    graph.read<NearRow>(
      `${facts}
       WITH e, score ORDER BY score, e.uuid LIMIT $count
       ${returnFacts(['score'], `score < ${FARTHEST} AS near, (${text}) AS fits, 1 - score AS cosine`)} ORDER BY score, uuid`,
      { ...params, vector, count, circle },
    );
  for (const wider of CIRCLES) {
    const rows = await nearest(INDEXED, wider * count);
    if (rows.length === count) return rows;
  }
  return nearest(ONE_BY_ONE, 0);
}

const INDEXED = `CALL db.idx.vector.queryRelationships('RELATES_TO', 'fact_embedding', $circle, vecf32($vector))
       YIELD relationship AS e, score`;
const ONE_BY_ONE = `MATCH ()-[e:RELATES_TO]->() WHERE e.fact_embedding IS NOT NULL
       WITH e, vec.cosineDistance(e.fact_embedding, vecf32($vector)) AS score`;
