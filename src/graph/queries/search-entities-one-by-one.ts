import type { GroupGraph } from '../group-graph.ts';
import { type EntityFilter, passingEntities } from './entity-conditions.ts';
import { type EntityRow, RETURN_ENTITIES } from './entity-rows.ts';
import { FARTHEST } from './search-facts-by-vector.ts';

/** The same without the index, which knows no filters: every entity is looked at. */
export function searchEntitiesOneByOne(
  graph: GroupGraph,
  vector: readonly number[],
  filter: EntityFilter,
  limit: number,
): Promise<EntityRow[]> {
  const { text, params } = passingEntities(filter, ['score']);
  return graph.read(
    `MATCH (node:Entity)
     WITH node, vec.cosineDistance(node.name_embedding, vecf32($vector)) AS score WHERE score < ${FARTHEST}
     ${text}
     ORDER BY score, node.uuid LIMIT $limit
     ${RETURN_ENTITIES}`,
    { ...params, vector, limit },
  );
}
