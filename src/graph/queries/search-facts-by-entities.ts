import type { GroupGraph } from '../group-graph.ts';
import type { Conditions } from './fact-conditions.ts';
import { type FactRow, RETURN_FACTS } from './fact-rows.ts';
import { BEST_NAMED, namedEntities } from './named-entities.ts';

const ENTITIES = 5;
/** Of an entity with more facts the vector index finds the nearest more cheaply. */
const MOST_FACTS = 1000;

/**
 * The facts about the entities whose names or aliases match the full-text terms best. The better an entity's name matches
 * and the nearer a fact is to the vector, the sooner it comes.
 * @param most terms that so many entities' names match, or more, name none of them
 */
export function searchFactsByEntities(
  graph: GroupGraph,
  terms: readonly string[],
  vector: readonly number[],
  { text, params }: Conditions,
  limit: number,
  most: number,
): Promise<FactRow[]> {
  const named = namedEntities(terms, most, { onlyNames: true });
  return graph.read(
    `${named.text}
     WITH node, sum(score) AS score ORDER BY ${BEST_NAMED} LIMIT ${ENTITIES}
     WITH node, score WHERE indegree(node, 'RELATES_TO') + outdegree(node, 'RELATES_TO') <= ${MOST_FACTS}
     MATCH (node)-[e:RELATES_TO]-(:Entity) WHERE ${text}
     WITH e, max(score) AS named
     WITH e, named * (2 - vec.cosineDistance(e.fact_embedding, vecf32($vector))) AS weight
     ORDER BY weight DESC, e.uuid LIMIT $limit
     ${RETURN_FACTS}`,
    { ...params, ...named.params, vector, limit },
  );
}
