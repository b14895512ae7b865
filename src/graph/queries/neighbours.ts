import type { GroupGraph } from '../group-graph.ts';
import { heldCondition, type Moment, momentParams } from './moment.ts';

/** The uuids of at most `limit` entities that a fact which held at a moment joins with one of the given ones. */
export async function neighbours(
  graph: GroupGraph,
  entities: readonly string[],
  moment: Moment,
  limit: number,
): Promise<string[]> {
  const rows = await graph.read<{ uuid: string }>(
    `UNWIND $entities AS uuid
     MATCH (node:Entity {uuid: uuid})-[e:RELATES_TO]-(other:Entity) WHERE ${heldCondition(moment)}
     WITH DISTINCT other.uuid AS uuid ORDER BY uuid LIMIT $limit
     RETURN uuid`,
    { ...momentParams(moment), entities, limit },
  );
  return rows.map(({ uuid }) => uuid);
}
