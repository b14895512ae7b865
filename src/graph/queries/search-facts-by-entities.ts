import type { GroupGraph } from '../group-graph.ts';
import type { Conditions } from './fact-conditions.ts';
import { type FactRow, RETURN_FACTS } from './fact-rows.ts';
import { namedEntities } from './named-entities.ts';

const FOR_EACH_TERM = 30;
const ENTITIES = 5;

/**
 * The facts about the entities whose names or aliases match the full-text terms best. The better an entity's name matches
 * and the nearer a fact is to the vector, the sooner it comes.
 * @param ofEach so many facts of each entity count
 */
export function searchFactsByEntities(
  graph: GroupGraph,
  terms: readonly string[],
  vector: readonly number[],
  { text, params }: Conditions,
  limit: number,
  ofEach: number,
): Promise<FactRow[]> {
  const named = namedEntities(terms, FOR_EACH_TERM, { onlyNames: true });
  return graph.read(
    `${named.text}
     WITH node, sum(score) AS score ORDER BY score DESC, node.uuid LIMIT ${ENTITIES}
     CALL {
       WITH node
       MATCH (node)-[e:RELATES_TO]-(:Entity) WHERE ${text}
       RETURN e LIMIT $ofEach
     }
     WITH e, max(score) AS named
     WITH e, named * (2 - vec.cosineDistance(e.fact_embedding, vecf32($vector))) AS weight
     ORDER BY weight DESC, e.uuid LIMIT $limit
     ${RETURN_FACTS}`,
    { ...params, ...named.params, vector, limit, ofEach },
  );
}
