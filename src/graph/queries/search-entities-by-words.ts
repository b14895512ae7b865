import type { GroupGraph } from '../group-graph.ts';
import { type EntityFilter, passingEntities } from './entity-conditions.ts';
import { type EntityRow, RETURN_ENTITIES } from './entity-rows.ts';
import { BEST_NAMED, namedEntities } from './named-entities.ts';

/**
 * Entities whose name, alias or summary matches any of the full-text terms, those that match most first.
 * @param most terms that so many entities match before the filter, or more, bring none
 */
export function searchEntitiesByWords(
  graph: GroupGraph,
  terms: readonly string[],
  filter: EntityFilter,
  limit: number,
  most: number,
): Promise<EntityRow[]> {
  const { text, params } = passingEntities(filter, ['score']);
  const condition = filter.types && 'any(label IN labels(node) WHERE toLower(label) IN $types)';
  const named = namedEntities(terms, most, { condition });
  return graph.read(
    `${named.text}
     WITH node, sum(score) AS score
     ${text}
     ORDER BY ${BEST_NAMED} LIMIT $limit
     ${RETURN_ENTITIES}`,
    { ...params, ...named.params, limit },
  );
}
