import type { GroupGraph } from '../group-graph.ts';
import { type FactRow, HELD, RETURN_FACTS } from './fact-rows.ts';

const FOR_EACH_TERM = 30;
const ENTITIES = 5;
const FACTS_OF_EACH = 60;

/**
 * The facts about the entities whose names match the full-text terms best; only those that held at `asOf` (graph format).
 * The better an entity's name matches and the nearer a fact is to the vector, the sooner it comes.
 */
export function searchFactsByEntities(
  graph: GroupGraph,
  terms: readonly string[],
  vector: readonly number[],
  asOf: string,
  limit: number,
): Promise<FactRow[]> {
  return graph.read(
    `UNWIND $terms AS term
     CALL {
       WITH term
       CALL db.idx.fulltext.queryNodes('Entity', term) YIELD node, score
       RETURN node, score LIMIT ${FOR_EACH_TERM}
     }
     WITH node, sum(score) AS score ORDER BY score DESC LIMIT ${ENTITIES}
     CALL {
       WITH node
       MATCH (node)-[e:RELATES_TO]-(:Entity) WHERE ${HELD}
       RETURN e LIMIT ${FACTS_OF_EACH}
     }
     WITH e, max(score) AS named
     WITH e, named * (2 - vec.cosineDistance(e.fact_embedding, vecf32($vector))) AS weight
     ORDER BY weight DESC LIMIT $limit
     ${RETURN_FACTS}`,
    { terms, vector, asOf, limit },
  );
}
