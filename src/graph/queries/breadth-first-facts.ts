import type { GroupGraph } from '../group-graph.ts';
import type { Conditions } from './fact-conditions.ts';
import { type FactRow, returnFacts } from './fact-rows.ts';
import { heldCondition, type Moment, momentParams } from './moment.ts';

export interface ReachedFact extends FactRow {
  /** False when it does not meet the conditions; the walk goes on over it all the same. */
  readonly fits: boolean;
}

/** Facts that are followed from each entity: those nearest to the query. */
const OF_EACH = 100;

/**
 * One step of a walk: the facts that held at a moment and touch one of some entities, or only lead away from them; nearest
 * to the vector first, at most `limit`.
 */
export function breadthFirstFacts(
  graph: GroupGraph,
  entities: readonly string[],
  vector: readonly number[],
  moment: Moment,
  { text, params }: Conditions,
  direction: 'both' | 'out',
  limit: number,
): Promise<ReachedFact[]> {
  return graph.read(
    `UNWIND $entities AS uuid
     MATCH (node:Entity {uuid: uuid})
     CALL {
       WITH node
       MATCH (node)-[e:RELATES_TO]-${direction === 'out' ? '>' : ''}(:Entity) WHERE ${heldCondition(moment)}
       WITH e, vec.cosineDistance(e.fact_embedding, vecf32($vector)) AS distance
       RETURN e, distance ORDER BY distance, e.uuid LIMIT ${OF_EACH}
     }
     WITH DISTINCT e, distance ORDER BY distance, e.uuid LIMIT $limit
     ${returnFacts(['distance'], `(${text}) AS fits`)} ORDER BY distance, uuid`,
    { ...momentParams(moment), ...params, entities, vector, limit },
  );
}
