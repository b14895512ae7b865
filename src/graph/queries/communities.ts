import { toGraphTime } from '../../time.ts';
import type { GroupGraph } from '../group-graph.ts';
import { CHECK_FENCE, type Fenced, RETURN_FENCE } from './fence.ts';
import { MAX_DISTANCE } from './search-facts.ts';
import { collectHits, NO_TERM_LIMIT, scoreRareTerms, unionPerTerm } from './term-search.ts';
import { holdsCondition, type Moment, momentParams } from './time-conditions.ts';

export interface StoredCommunity {
  readonly uuid: string;
  readonly name: string;
  readonly summary: string;
  /** Hash of the members' summaries from which its own summary was written; null for a community that Python wrote. */
  readonly hash: string | null;
  readonly createdAt: string | null;
  /** Names of the members. */
  readonly members: readonly string[];
}

/** All communities, largest first. */
export function readCommunities(graph: GroupGraph): Promise<StoredCommunity[]> {
  return graph.read(
    `MATCH (c:Community)
     OPTIONAL MATCH (k:_Meta {key: 'community:' + c.uuid})
     OPTIONAL MATCH (c)-[:HAS_MEMBER]->(n)
     WITH c, k, n ORDER BY toLower(n.name), n.uuid
     WITH c.uuid AS uuid, c.name AS name, coalesce(c.summary, '') AS summary, k.hash AS hash, c.created_at AS createdAt,
          collect(n.name) AS members
     RETURN uuid, name, summary, hash, createdAt, members ORDER BY size(members) DESC, toLower(name), uuid`,
  );
}

/** The key of the `_Meta` node beside a community. */
export const communityKey = (uuid: string): string => `community:${uuid}`;

/** uuids of the communities of these entities. */
export async function communitiesWith(graph: GroupGraph, entities: readonly string[]): Promise<string[]> {
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

/** Two entities and the number of current facts between them, in either direction. */
export interface CommunityEdge {
  readonly a: string;
  readonly b: string;
  readonly weight: number;
}

/** All pairs of different entities that a fact connects at a moment. */
export function readCommunityEdges(graph: GroupGraph, moment: Moment): Promise<CommunityEdge[]> {
  return graph.read(
    `MATCH (n:Entity)-[e:RELATES_TO]->(o:Entity) WHERE n.uuid <> o.uuid AND ${holdsCondition(moment)}
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

export interface CommunityReplacement extends Fenced {
  readonly now: Date;
  /** uuids of the communities that stay unchanged. */
  readonly kept: readonly string[];
  readonly written: readonly NewCommunity[];
}

/**
 * Replaces the group's communities by `kept` and `written`; all others are removed. Returns false and writes nothing if another worker has
 * written since `seen` was read.
 */
export async function replaceCommunities(
  graph: GroupGraph,
  { fence, seen, now, kept, written }: CommunityReplacement,
): Promise<boolean> {
  const rows = await graph.change(
    // The old vector is removed first: FalkorDB may ignore a new vector of the same dimension (`commit.ts`).
    `${CHECK_FENCE}
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
      written: written.map((community) => ({
        ...community,
        key: communityKey(community.uuid),
        members: community.members.map((member) => ({ ...member })),
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

/** Returns the nodes bound to `node` as `CommunityRow`s. */
export const RETURN_COMMUNITIES = `
RETURN node.uuid AS uuid, coalesce(node.name, '') AS name, coalesce(node.summary, '') AS summary, node.created_at AS createdAt`;

/** Communities whose name matches at least one full-text term; those that match most terms first. */
export function searchCommunitiesByWords(
  graph: GroupGraph,
  terms: readonly string[],
  limit: number,
): Promise<CommunityRow[]> {
  const each = unionPerTerm(
    terms,
    (term) => `CALL db.idx.fulltext.queryNodes('Community', ${term}) YIELD node ${collectHits('node')}`,
  );
  return graph.read(
    `${scoreRareTerms(each.text, 'node')}
     WITH node, sum(score) AS score ORDER BY score DESC, node.uuid LIMIT $limit
     ${RETURN_COMMUNITIES}`,
    { ...each.params, limit, most: NO_TERM_LIMIT },
  );
}

/** Communities whose names are near a vector, nearest first. They are few, so no index is needed. */
export function searchCommunitiesByVector(
  graph: GroupGraph,
  vector: readonly number[],
  limit: number,
): Promise<CommunityRow[]> {
  return graph.read(
    `MATCH (node:Community)
     WITH node, vec.cosineDistance(node.name_embedding, vecf32($vector)) AS distance WHERE distance < ${MAX_DISTANCE}
     WITH node ORDER BY distance, node.uuid LIMIT $limit
     ${RETURN_COMMUNITIES}`,
    { vector, limit },
  );
}
