import type { GroupGraph } from '../group-graph.ts';
import { type EntityFilter, passingEntities } from './entity-conditions.ts';
import { type EntityRow, RETURN_ENTITIES } from './entity-rows.ts';

/** Those of some entities that pass, in the order of their uuids in the list. */
export function entitiesByUuid(
  graph: GroupGraph,
  uuids: readonly string[],
  filter: EntityFilter,
): Promise<EntityRow[]> {
  const { text, params } = passingEntities(filter, ['place']);
  return graph.read(
    `UNWIND range(0, size($uuids) - 1) AS place
     MATCH (node:Entity {uuid: $uuids[place]})
     WITH node, place
     ${text}
     ORDER BY place
     ${RETURN_ENTITIES}`,
    { ...params, uuids },
  );
}
