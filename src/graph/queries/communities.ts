import { toGraphTime } from '../../time.ts';
import type { GroupGraph } from '../group-graph.ts';
import { ANY_NUMBER, collected, eachTerm, unlessUsual } from './each-term.ts';
import { BEHIND_FENCE, type Fenced, RETURN_FENCE } from './fence.ts';
import { heldCondition, type Moment, momentParams } from './moment.ts';
import { FARTHEST } from './search-facts.ts';

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

/** uuids of the communities that some entities belong to. */
export async function communitiesOf(graph: GroupGraph, entities: readonly string[]): Promise<string[]> {
  const rows = await graph.read<{ uuid: string }>(
    `UNWIND $entities AS uuid
     MATCH (:Entity {uuid: uuid})<-[:HAS_MEMBER]-(c:Community)
     RETURN DISTINCT c.uuid AS uuid`,
    { entities },
  );
  return rows.map(({ uuid }) => uuid);
}

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

/** Two entities and how many facts hold between them, in either direction. */
export interface Tie {
  readonly a: string;
  readonly b: string;
  readonly weight: number;
}

/** All pairs of entities that a fact joins at a moment; a fact about one entity alone joins nothing. */
export function readTies(graph: GroupGraph, moment: Moment): Promise<Tie[]> {
  return graph.read(
    `MATCH (n:Entity)-[e:RELATES_TO]->(o:Entity) WHERE n.uuid <> o.uuid AND ${heldCondition(moment)}
     WITH CASE WHEN n.uuid < o.uuid THEN n.uuid ELSE o.uuid END AS a,
          CASE WHEN n.uuid < o.uuid THEN o.uuid ELSE n.uuid END AS b
     RETURN a, b, count(*) AS weight`,
    momentParams(moment),
  );
}

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
 * Makes `kept` and `written` the group's communities; all others go. Returns false and writes nothing if another worker has
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

export interface CommunityRow {
  readonly uuid: string;
  readonly name: string;
  readonly summary: string;
  readonly createdAt: string | null;
}

/** Returns what is bound to `node` as `CommunityRow`s. */
export const RETURN_COMMUNITIES = `
RETURN node.uuid AS uuid, coalesce(node.name, '') AS name, coalesce(node.summary, '') AS summary, node.created_at AS createdAt`;

/** Communities whose name matches any of the full-text terms, those that match most first. */
export function searchCommunitiesByWords(
  graph: GroupGraph,
  terms: readonly string[],
  limit: number,
): Promise<CommunityRow[]> {
  const each = eachTerm(
    terms,
    (term) => `CALL db.idx.fulltext.queryNodes('Community', ${term}) YIELD node ${collected('node')}`,
  );
  return graph.read(
    `${unlessUsual(each.text, 'node')}
     WITH node, sum(score) AS score ORDER BY score DESC, node.uuid LIMIT $limit
     ${RETURN_COMMUNITIES}`,
    { ...each.params, limit, most: ANY_NUMBER },
  );
}

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
