import type { GroupGraph } from '../group-graph.ts';

/** Which of some uuids are entities', and which entities the episodes among them mention; at most `limit` rows. */
export function breadthFirstMentions(
  graph: GroupGraph,
  uuids: readonly string[],
  limit: number,
): Promise<{ uuid: string; isMentioned: boolean }[]> {
  return graph.read(
    `CALL {
       UNWIND $uuids AS uuid
       MATCH (n:Entity {uuid: uuid})
       RETURN n.uuid AS uuid, false AS isMentioned
       UNION
       UNWIND $uuids AS uuid
       MATCH (:Episodic {uuid: uuid})-[:MENTIONS]->(n:Entity)
       RETURN n.uuid AS uuid, true AS isMentioned
     }
     RETURN uuid, isMentioned ORDER BY isMentioned, uuid LIMIT $limit`,
    { uuids, limit },
  );
}
