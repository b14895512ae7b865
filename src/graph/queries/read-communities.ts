import type { GroupGraph } from '../group-graph.ts';

export interface StoredCommunity {
  readonly uuid: string;
  readonly name: string;
  readonly summary: string;
  /** What stood for its members' summaries when its own was written; null for one that Python made. */
  readonly hash: string | null;
  /** The members' names. */
  readonly members: readonly string[];
}

/** All communities, those with most members first. */
export function readCommunities(graph: GroupGraph): Promise<StoredCommunity[]> {
  return graph.read(
    `MATCH (c:Community)
     OPTIONAL MATCH (k:_Meta {key: 'community:' + c.uuid})
     OPTIONAL MATCH (c)-[:HAS_MEMBER]->(n)
     WITH c, k, n ORDER BY toLower(n.name), n.uuid
     WITH c.uuid AS uuid, c.name AS name, c.summary AS summary, k.hash AS hash, collect(n.name) AS members
     RETURN uuid, name, summary, hash, members ORDER BY size(members) DESC, toLower(name), uuid`,
  );
}

/** The key of the `_Meta` node beside a community. */
export const communityKey = (uuid: string): string => `community:${uuid}`;
