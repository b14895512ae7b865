import type { GroupGraph } from '../group-graph.ts';
import { type AttributePairs, attributesOf } from './entities.ts';
import { type EntityFilter, filterEntities } from './filter-conditions.ts';
import { BY_NAME_SCORE, INDEX_LIMIT_MULTIPLES, MAX_DISTANCE, namedEntities } from './search-facts.ts';
import { holdsCondition, type Moment, momentParams } from './time-conditions.ts';

/** An entity as search result; dates in the graph's format. */
export interface EntityRow {
  readonly uuid: string;
  readonly name: string;
  readonly labels: readonly string[];
  readonly summary: string;
  readonly createdAt: string | null;
  /** See `EntityTimes`. */
  readonly seen: readonly string[];
}

/** Returns the entities bound to `node`, with `seen`, as `EntityRow`s. */
export const RETURN_ENTITIES = `
RETURN node.uuid AS uuid, node.name AS name, labels(node) AS labels, coalesce(node.summary, '') AS summary,
       node.created_at AS createdAt, seen`;

/** Those of the entities that pass the filter, in the order of `uuids`. */
export function entitiesByUuid(
  graph: GroupGraph,
  uuids: readonly string[],
  filter: EntityFilter,
): Promise<EntityRow[]> {
  const { text, params } = filterEntities(filter, ['place']);
  return graph.read(
    `UNWIND range(0, size($uuids) - 1) AS place
     MATCH (node:Entity {uuid: $uuids[place]})
     WITH node, place
     ${text}
     ORDER BY place
     ${RETURN_ENTITIES}`,
    { ...params, uuids },
  );
}

/** `facts`: those with most facts first. `mentioned`: the last mentioned first. Equal ones by name. */
export type EntityOrder = 'name' | 'facts' | 'mentioned';

export interface ListedEntityRow extends EntityRow {
  readonly attributes: AttributePairs;
  /** The number of its facts, also ended ones; only in a requested order. */
  readonly facts: number | null;
  /** Reference time of the last episode that mentions it, in the graph's format; null for none, and without a requested order. */
  readonly lastMention: string | null;
}

const DEGREE = "indegree(node, 'RELATES_TO') + outdegree(node, 'RELATES_TO')";
/** With uuids last, so that an order never changes by itself. */
const BY_NAME = 'toLower(node.name), node.uuid';
const ORDERS: Readonly<Record<EntityOrder, string>> = {
  name: BY_NAME,
  facts: `facts DESC, ${BY_NAME}`,
  mentioned: `lastMention DESC, ${BY_NAME}`,
};
const ADD_FACTS = `WITH node, seen, ${DEGREE} AS facts`;
/** Without a time, an entity is last in a falling order. */
const ADD_LAST_MENTION = `OPTIONAL MATCH (node)<-[:MENTIONS]-(p:Episodic)
     WITH node, seen, facts, coalesce(max(p.valid_at), '') AS lastMention`;

/** Entities that pass, in an order, without the first `offset`. */
export async function listEntities(
  graph: GroupGraph,
  filter: EntityFilter,
  order: EntityOrder | undefined,
  offset: number,
  limit: number,
): Promise<ListedEntityRow[]> {
  const { text, params } = filterEntities(filter);
  const sorted = `ORDER BY ${ORDERS[order ?? 'name']}`;
  const page = `${sorted} SKIP $offset LIMIT $limit`;
  const steps = {
    counted: `${ADD_FACTS} ${page} ${ADD_LAST_MENTION} ${sorted}`,
    // Only this order needs the mentions of all entities.
    mentioned: `${ADD_FACTS} ${ADD_LAST_MENTION} ${page}`,
    plain: `WITH node, seen, null AS facts, null AS lastMention ${page}`,
  };
  const rows = await graph.read<ListedEntityRow>(
    `MATCH (node:Entity)
     WITH node
     ${text}
     ${order === undefined ? steps.plain : order === 'mentioned' ? steps.mentioned : steps.counted}
     RETURN node.uuid AS uuid, node.name AS name, labels(node) AS labels, coalesce(node.summary, '') AS summary,
            node.created_at AS createdAt, seen, ${attributesOf('node')} AS attributes, facts, lastMention`,
    { ...params, offset, limit },
  );
  return rows.map((row) => ({ ...row, lastMention: row.lastMention || null }));
}

/** An entity whose name or alias is similar to a text. */
export interface SimilarEntityRow {
  readonly uuid: string;
  readonly name: string;
  readonly labels: readonly string[];
  /** The name or alias that is similar. */
  readonly called: string;
  readonly facts: number;
}

/** Entities with a name or alias that contains the text, in lower case; those that begin with it first. */
export function entitiesContaining(graph: GroupGraph, text: string, limit: number): Promise<SimilarEntityRow[]> {
  return similarEntities(
    graph,
    `MATCH (node:Entity) WHERE toLower(node.name) CONTAINS $text RETURN node, node.name AS called
     UNION
     MATCH (a:_Alias) WHERE toLower(a.alias) CONTAINS $text
     MATCH (node:Entity {uuid: a.entity}) RETURN node, a.alias AS called`,
    { text, limit },
    'CASE WHEN toLower(called) STARTS WITH $text THEN 0 ELSE 1 END, size(called), ',
  );
}

/** Entities with a name or alias that has words like these, with typing errors; none for words of RediSearch's syntax. */
export function entitiesWithSimilarWords(graph: GroupGraph, query: string, limit: number): Promise<SimilarEntityRow[]> {
  return similarEntities(
    graph,
    `CALL db.idx.fulltext.queryNodes('Entity', '@name:(' + $query + ')') YIELD node RETURN node, node.name AS called
     UNION
     CALL db.idx.fulltext.queryNodes('_Alias', $query) YIELD node AS a
     MATCH (node:Entity {uuid: a.entity}) RETURN node, a.alias AS called`,
    { query, limit },
  );
}

function similarEntities(
  graph: GroupGraph,
  found: string,
  params: Readonly<Record<string, string | number>>,
  order = '',
): Promise<SimilarEntityRow[]> {
  return graph.read(
    `CALL { ${found} }
     WITH node, called, ${DEGREE} AS facts ORDER BY ${order}facts DESC, ${BY_NAME} LIMIT $limit
     RETURN node.uuid AS uuid, node.name AS name, labels(node) AS labels, called, facts`,
    params,
  );
}

/**
 * Entities whose name, alias or summary matches at least one full-text term; those that match most terms first.
 * @param most terms that match this many entities, before the filter, are ignored
 */
export function searchEntitiesByWords(
  graph: GroupGraph,
  terms: readonly string[],
  filter: EntityFilter,
  limit: number,
  most: number,
): Promise<EntityRow[]> {
  const { text, params } = filterEntities(filter, ['score']);
  const condition = filter.types && 'any(label IN labels(node) WHERE toLower(label) IN $types)';
  const named = namedEntities(terms, most, { condition });
  return graph.read(
    `${named.text}
     WITH node, sum(score) AS score
     ${text}
     ORDER BY ${BY_NAME_SCORE} LIMIT $limit
     ${RETURN_ENTITIES}`,
    { ...params, ...named.params, limit },
  );
}

/**
 * The `count` entities with the nearest names, without those that are too far away or do not pass; nearest first. The index counts stale
 * entries but does not return them (see `search-facts.ts`), so a larger number is requested.
 */
export async function searchEntitiesByVector(
  graph: GroupGraph,
  vector: readonly number[],
  filter: EntityFilter,
  count: number,
): Promise<EntityRow[]> {
  const { text, params } = filterEntities(filter, ['score']);
  const nearest = await nearestEntities(graph, vector, count);
  return graph.read(
    `UNWIND $nearest AS found
     MATCH (node:Entity {uuid: found.uuid})
     WITH node, found.score AS score
     ${text}
     ORDER BY score, node.uuid
     ${RETURN_ENTITIES}`,
    { ...params, nearest: nearest.filter(({ score }) => score < MAX_DISTANCE).map((row) => ({ ...row })) },
  );
}

async function nearestEntities(graph: GroupGraph, vector: readonly number[], count: number) {
  const nearest = (entities: string, circle: number) =>
    graph.read<{ uuid: string; score: number }>(
      `${entities} RETURN node.uuid AS uuid, score ORDER BY score, uuid LIMIT $count`,
      { vector, count, circle },
    );
  for (const wider of INDEX_LIMIT_MULTIPLES) {
    const rows = await nearest(INDEXED, wider * count);
    if (rows.length === count) return rows;
  }
  return nearest(SCANNED, 0);
}

const INDEXED = `CALL db.idx.vector.queryNodes('Entity', 'name_embedding', $circle, vecf32($vector)) YIELD node, score`;
const SCANNED = `MATCH (node:Entity) WHERE node.name_embedding IS NOT NULL
     WITH node, vec.cosineDistance(node.name_embedding, vecf32($vector)) AS score`;

/** The same without the index, for filters that leave few entities: every entity is scanned. */
export function scanEntities(
  graph: GroupGraph,
  vector: readonly number[],
  filter: EntityFilter,
  limit: number,
): Promise<EntityRow[]> {
  const { text, params } = filterEntities(filter, ['score']);
  return graph.read(
    `MATCH (node:Entity)
     WITH node, vec.cosineDistance(node.name_embedding, vecf32($vector)) AS score WHERE score < ${MAX_DISTANCE}
     ${text}
     ORDER BY score, node.uuid LIMIT $limit
     ${RETURN_ENTITIES}`,
    { ...params, vector, limit },
  );
}

/** Finds which of the uuids are entities, and which entities are mentioned by those that are episodes; at most `limit` rows. */
export function entitiesToWalkFrom(
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

/** uuids of at most `limit` entities that a fact connects with one of the given entities at a moment. */
export async function neighbours(
  graph: GroupGraph,
  entities: readonly string[],
  moment: Moment,
  limit: number,
): Promise<string[]> {
  const rows = await graph.read<{ uuid: string }>(
    `UNWIND $entities AS uuid
     MATCH (node:Entity {uuid: uuid})-[e:RELATES_TO]-(other:Entity) WHERE ${holdsCondition(moment)}
     WITH DISTINCT other.uuid AS uuid ORDER BY uuid LIMIT $limit
     RETURN uuid`,
    { ...momentParams(moment), entities, limit },
  );
  return rows.map(({ uuid }) => uuid);
}

/** For each entity the uuids of the episodes that mention it. */
export async function entityEpisodes(
  graph: GroupGraph,
  entities: readonly string[],
): Promise<Map<string, readonly string[]>> {
  const rows = await graph.read<{ entity: string; episodes: string[] }>(
    `UNWIND $entities AS entity
     MATCH (:Entity {uuid: entity})<-[:MENTIONS]-(p:Episodic)
     RETURN entity, collect(DISTINCT p.uuid) AS episodes`,
    { entities },
  );
  return new Map(rows.map(({ entity, episodes }) => [entity, episodes]));
}

// Without labels on the ends: with them FalkorDB searches the ends first and takes 60 ms per uuid among 10,000 facts, instead of 0.1 ms.
const PATTERNS = {
  facts: 'MATCH ()-[x:RELATES_TO {uuid: uuid}]->() RETURN uuid, x.fact_embedding AS vector',
  entities: 'MATCH (x:Entity {uuid: uuid}) RETURN uuid, x.name_embedding AS vector',
  communities: 'MATCH (x:Community {uuid: uuid}) RETURN uuid, x.name_embedding AS vector',
};

/** The vectors of those of the facts, entities or communities that have one, by uuid. */
export async function storedVectors(
  graph: GroupGraph,
  kind: keyof typeof PATTERNS,
  uuids: readonly string[],
): Promise<Map<string, readonly number[]>> {
  const rows = await graph.read<{ uuid: string; vector: number[] | null }>(`UNWIND $uuids AS uuid ${PATTERNS[kind]}`, {
    uuids,
  });
  return new Map(rows.map(({ uuid, vector }) => [uuid, vector ?? []]));
}
