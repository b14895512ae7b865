import type { GroupGraph } from '../group-graph.ts';
import { type EntityFilter, passingEntities } from './entity-conditions.ts';
import { type EntityRow, RETURN_ENTITIES } from './entity-rows.ts';
import { namedEntities, namedParams } from './named-entities.ts';

/**
 * Entities whose name, alias or summary matches any of the full-text terms, those that match most first.
 * @param forEachTerm so many entities count for each term, before the filter
 */
export function searchEntitiesByWords(
  graph: GroupGraph,
  terms: readonly string[],
  filter: EntityFilter,
  limit: number,
  forEachTerm: number,
): Promise<EntityRow[]> {
  const { text, params } = passingEntities(filter, ['score']);
  return graph.read(
    `${namedEntities('$forEachTerm', filter.types && 'any(label IN labels(node) WHERE toLower(label) IN $types)')}
     WITH node, sum(score) AS score
     ${text}
     ORDER BY score DESC LIMIT $limit
     ${RETURN_ENTITIES}`,
    { ...params, ...namedParams(terms), limit, forEachTerm },
  );
}
