import { toGraphTime } from '../../time.ts';
import type { GroupGraph } from '../group-graph.ts';
import { BEHIND_FENCE, type Fenced, RETURN_FENCE } from './fence.ts';
import { communityKey } from './read-communities.ts';

export interface NewCommunity {
  readonly uuid: string;
  readonly name: string;
  readonly summary: string;
  readonly embedding: readonly number[];
  readonly hash: string;
  readonly members: readonly { readonly uuid: string; readonly edge: string }[];
}

export interface Replacement extends Fenced {
  readonly now: Date;
  /** uuids of the communities that stay as they are. */
  readonly kept: readonly string[];
  readonly written: readonly NewCommunity[];
}

/**
 * Makes `kept` and `written` the group's communities; all others go. Gives false, having written nothing, when somebody has
 * written since `seen` was read.
 */
export async function replaceCommunities(
  graph: GroupGraph,
  { fence, seen, now, kept, written }: Replacement,
): Promise<boolean> {
  const rows = await graph.change(
    // A vector is set over none, since one of the same length may not be replaced (`commit-removals.ts`).
    `${BEHIND_FENCE}
     CALL {
       MATCH (c:Community) WHERE NOT c.uuid IN $stay
       OPTIONAL MATCH (k:_Meta {key: 'community:' + c.uuid})
       DETACH DELETE c, k
       RETURN count(*) AS gone
     }
     CALL {
       UNWIND $written AS x
       MATCH (c:Community {uuid: x.uuid}) SET c.name_embedding = null
       RETURN count(*) AS unnamed
     }
     CALL {
       UNWIND $written AS x
       MERGE (c:Community {uuid: x.uuid}) ON CREATE SET c.group_id = $group, c.created_at = $now
       MERGE (k:_Meta {key: x.key})
       SET c.name = x.name, c.summary = x.summary, c.name_embedding = vecf32(x.embedding), k.hash = x.hash
       RETURN count(*) AS communities
     }
     CALL {
       UNWIND $written AS x
       UNWIND x.members AS y
       MATCH (c:Community {uuid: x.uuid})
       MATCH (n:Entity {uuid: y.uuid})
       MERGE (c)-[h:HAS_MEMBER {uuid: y.edge}]->(n) ON CREATE SET h.group_id = $group, h.created_at = $now
       RETURN count(*) AS members
     }
     ${RETURN_FENCE}`,
    {
      fence,
      seen,
      now: toGraphTime(now),
      group: graph.group,
      stay: [...kept, ...written.map(({ uuid }) => uuid)],
      written: written.map((it) => ({
        ...it,
        key: communityKey(it.uuid),
        members: it.members.map((member) => ({ ...member })),
      })),
    },
  );
  return rows.length > 0;
}
