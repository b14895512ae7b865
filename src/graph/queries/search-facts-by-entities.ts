import type { GroupGraph } from '../group-graph.ts';
import { type FactRow, HELD, RETURN_FACTS } from './fact-rows.ts';

const ENTITIES = 5;
const FACTS_OF_EACH = 300;

/**
 * The facts about the entities whose names match a full-text query best, nearest to the vector first; only those that held
 * at `asOf` (graph format).
 */
export function searchFactsByEntities(
  graph: GroupGraph,
  words: string,
  vector: readonly number[],
  asOf: string,
  limit: number,
): Promise<FactRow[]> {
  return graph.read(
    `CALL db.idx.fulltext.queryNodes('Entity', $words) YIELD node, score
     WITH node, score ORDER BY score DESC, node.uuid LIMIT ${ENTITIES}
     CALL {
       WITH node
       MATCH (node)-[e:RELATES_TO]-(:Entity) WHERE ${HELD}
       RETURN e LIMIT ${FACTS_OF_EACH}
     }
     WITH DISTINCT e, vec.cosineDistance(e.fact_embedding, vecf32($vector)) AS distance
     ORDER BY distance, e.uuid LIMIT $limit
     ${RETURN_FACTS}`,
    { words, vector, asOf, limit },
  );
}
