import type { GroupGraph } from '../group-graph.ts';
import { type AttributePairs, attributesOf } from './attributes.ts';
import { type EntityFilter, passingEntities } from './entity-conditions.ts';
import { type EntityRow, RETURN_ENTITIES } from './entity-rows.ts';

/** Entities that pass, in the order of their names, without the first `offset`. */
export function listEntities(
  graph: GroupGraph,
  filter: EntityFilter,
  offset: number,
  limit: number,
): Promise<(EntityRow & { readonly attributes: AttributePairs })[]> {
  const { text, params } = passingEntities(filter);
  return graph.read(
    `MATCH (node:Entity)
     WITH node
     ${text}
     ORDER BY toLower(node.name), node.uuid SKIP $offset LIMIT $limit
     ${RETURN_ENTITIES}, ${attributesOf('node')} AS attributes`,
    { ...params, offset, limit },
  );
}
