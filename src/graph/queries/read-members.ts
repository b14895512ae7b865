import type { GroupGraph } from '../group-graph.ts';

export interface MemberRow {
  readonly uuid: string;
  readonly name: string;
  readonly summary: string;
}

/** Names and summaries of the entities with these uuids. */
export function readMembers(graph: GroupGraph, uuids: readonly string[]): Promise<MemberRow[]> {
  return graph.read(
    `UNWIND $uuids AS uuid
     MATCH (n:Entity {uuid: uuid})
     RETURN n.uuid AS uuid, n.name AS name, coalesce(n.summary, '') AS summary`,
    { uuids },
  );
}
