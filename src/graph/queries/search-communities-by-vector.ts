import type { GroupGraph } from '../group-graph.ts';
import { type CommunityRow, RETURN_COMMUNITIES } from './search-communities-by-words.ts';
import { FARTHEST } from './search-facts-by-vector.ts';

/** Communities whose names are near to a vector, nearest first. There are few, so that no index is needed. */
export function searchCommunitiesByVector(
  graph: GroupGraph,
  vector: readonly number[],
  limit: number,
): Promise<CommunityRow[]> {
  return graph.read(
    `MATCH (node:Community)
     WITH node, vec.cosineDistance(node.name_embedding, vecf32($vector)) AS distance WHERE distance < ${FARTHEST}
     WITH node ORDER BY distance, node.uuid LIMIT $limit
     ${RETURN_COMMUNITIES}`,
    { vector, limit },
  );
}
