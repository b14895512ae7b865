import type { GroupGraph } from '../group-graph.ts';
import { type EntityFilter, passingEntities } from './entity-conditions.ts';
import { type EntityRow, RETURN_ENTITIES } from './entity-rows.ts';
import { CIRCLES, FARTHEST } from './search-facts-by-vector.ts';

/**
 * Of the `count` entities whose names are nearest to a vector those that are near and pass, nearest first. The index leaves
 * some out that it has counted (see `search-facts-by-vector.ts`): the first that it has are sought before the rest is asked of them.
 */
export async function searchEntitiesByVector(
  graph: GroupGraph,
  vector: readonly number[],
  filter: EntityFilter,
  count: number,
): Promise<EntityRow[]> {
  const { text, params } = passingEntities(filter, ['score']);
  const nearest = await nearestEntities(graph, vector, count);
  return graph.read(
    `UNWIND $nearest AS it
     MATCH (node:Entity {uuid: it.uuid})
     WITH node, it.score AS score
     ${text}
     ORDER BY score, node.uuid
     ${RETURN_ENTITIES}`,
    { ...params, nearest: nearest.filter(({ score }) => score < FARTHEST).map((it) => ({ ...it })) },
  );
}

async function nearestEntities(graph: GroupGraph, vector: readonly number[], count: number) {
  const nearest = (entities: string, circle: number) =>
    graph.read<{ uuid: string; score: number }>(
      `${entities} RETURN node.uuid AS uuid, score ORDER BY score, uuid LIMIT $count`,
      { vector, count, circle },
    );
  for (const wider of CIRCLES) {
    const rows = await nearest(INDEXED, wider * count);
    if (rows.length === count) return rows;
  }
  return nearest(ONE_BY_ONE, 0);
}

const INDEXED = `CALL db.idx.vector.queryNodes('Entity', 'name_embedding', $circle, vecf32($vector)) YIELD node, score`;
const ONE_BY_ONE = `MATCH (node:Entity) WHERE node.name_embedding IS NOT NULL
     WITH node, vec.cosineDistance(node.name_embedding, vecf32($vector)) AS score`;
