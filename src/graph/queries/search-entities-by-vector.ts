import type { GroupGraph } from '../group-graph.ts';
import { type EntityFilter, passingEntities } from './entity-conditions.ts';
import { type EntityRow, RETURN_ENTITIES } from './entity-rows.ts';
import { FARTHEST } from './search-facts-by-vector.ts';

/** Of the `count` entities whose names are nearest to a vector those that are near and pass, nearest first. */
export function searchEntitiesByVector(
  graph: GroupGraph,
  vector: readonly number[],
  filter: EntityFilter,
  count: number,
): Promise<EntityRow[]> {
  const { text, params } = passingEntities(filter, ['score']);
  return graph.read(
    `CALL db.idx.vector.queryNodes('Entity', 'name_embedding', $count, vecf32($vector)) YIELD node, score
     WITH node, score WHERE score < ${FARTHEST}
     ${text}
     ORDER BY score, node.uuid
     ${RETURN_ENTITIES}`,
    { ...params, vector, count },
  );
}
