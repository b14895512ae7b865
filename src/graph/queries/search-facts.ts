import type { GroupGraph } from '../group-graph.ts';
import type { Conditions } from './filter-conditions.ts';
import { collectHits, scoreRareTerms, unionPerTerm } from './term-search.ts';
import { holdsCondition, type Moment, momentParams } from './time-conditions.ts';

/** A fact as search result; dates in the graph's format. */
export interface FactRow {
  readonly uuid: string;
  readonly fact: string;
  readonly relation: string;
  readonly source: string;
  readonly sourceUuid: string;
  readonly target: string;
  readonly targetUuid: string;
  readonly episodes: readonly string[];
  readonly validAt: string | null;
  readonly invalidAt: string | null;
  readonly createdAt: string;
  readonly expiredAt: string | null;
}

/** Returns the edges bound to `e` as `FactRow`s. */
export const RETURN_FACTS = returnFacts();

/** The same, with further bound names and columns. */
export function returnFacts(names: readonly string[] = [], columns = ''): string {
  return `
WITH ${['e', ...names].join(', ')}, startNode(e) AS a, endNode(e) AS b
RETURN e.uuid AS uuid, e.fact AS fact, e.name AS relation, a.name AS source, a.uuid AS sourceUuid,
       b.name AS target, b.uuid AS targetUuid, coalesce(e.episodes, []) AS episodes, e.valid_at AS validAt,
       e.invalid_at AS invalidAt, e.created_at AS createdAt, e.expired_at AS expiredAt${columns && `, ${columns}`}`;
}

/**
 * The order of facts with the same score: newest first, then by content. uuids are derived from random ones, and a limit must not depend on
 * them. Scans of all facts do not need it: equal distances mean equal words.
 */
export const NEWEST_FIRST = "coalesce(e.valid_at, '') DESC, coalesce(e.created_at, '') DESC, e.fact, e.uuid";

/** FalkorDB stores this number. */
export async function countFacts(graph: GroupGraph): Promise<number> {
  const [row] = await graph.read<{ n: number }>('MATCH ()-[e:RELATES_TO]->() RETURN count(e) AS n');
  return row?.n ?? 0;
}

/**
 * Cypher that finds entities whose name, summary or alias matches one of the terms, as `node` with a `score`. Terms that match `most` or
 * more entities or aliases are ignored. In a graph without aliases their branch finds nothing.
 * @param condition on `node`
 * @param onlyNames ignores summaries, since the summaries of many neighbours contain the name too
 */
export function namedEntities(
  terms: readonly string[],
  most: number,
  { condition = 'true', onlyNames = false }: { condition?: string | undefined; onlyNames?: boolean } = {},
): Conditions {
  const ofEntities = (
    found: string,
  ) => `CALL db.idx.fulltext.queryNodes('Entity', ${found}) YIELD node WHERE ${condition}
       ${collectHits('node')}`;
  const { text, params } = unionPerTerm(terms, (term) =>
    [
      // A match in the name counts twice, since the summaries of neighbours contain the name too.
      ...(onlyNames ? [] : [ofEntities(term)]),
      ofEntities(`'@name:(' + ${term} + ')'`),
      `CALL db.idx.fulltext.queryNodes('_Alias', ${term}) YIELD node AS alias
       MATCH (node:Entity {uuid: alias.entity}) WHERE ${condition}
       WITH DISTINCT node
       ${collectHits('node')}`,
    ].join('\nUNION ALL\n'),
  );
  return { text: scoreRareTerms(text, 'node'), params: { ...params, most } };
}

/** Of entities that match equally well, those with shorter names come first. */
export const BY_NAME_SCORE = 'score DESC, size(node.name), node.uuid';

/**
 * Facts that match at least one full-text term; those with most and rarest terms first.
 * @param most terms that match this many facts are ignored
 */
export function searchFactsByWords(
  graph: GroupGraph,
  terms: readonly string[],
  { text, params }: Conditions,
  limit: number,
  most: number,
): Promise<FactRow[]> {
  const each = unionPerTerm(
    terms,
    (term) => `CALL db.idx.fulltext.queryRelationships('RELATES_TO', ${term}) YIELD relationship AS e WHERE ${text}
       ${collectHits('e')}`,
  );
  return graph.read(
    `${scoreRareTerms(each.text, 'e')}
     WITH e, sum(score) AS score ORDER BY score DESC, ${NEWEST_FIRST} LIMIT $limit
     ${RETURN_FACTS}`,
    { ...params, ...each.params, limit, most },
  );
}

const ENTITIES = 5;
/** For entities with more facts the vector index is faster. */
const MOST_FACTS = 1000;

/**
 * The facts of the entities whose names or aliases match the full-text terms best, ordered by how well the name matches and how near the
 * fact is to the vector.
 * @param most terms that match this many entities' names are ignored
 */
export function searchFactsByEntities(
  graph: GroupGraph,
  terms: readonly string[],
  vector: readonly number[],
  { text, params }: Conditions,
  limit: number,
  most: number,
): Promise<FactRow[]> {
  const named = namedEntities(terms, most, { onlyNames: true });
  return graph.read(
    `${named.text}
     WITH node, sum(score) AS score ORDER BY ${BY_NAME_SCORE} LIMIT ${ENTITIES}
     WITH node, score WHERE indegree(node, 'RELATES_TO') + outdegree(node, 'RELATES_TO') <= ${MOST_FACTS}
     MATCH (node)-[e:RELATES_TO]-(:Entity) WHERE ${text}
     WITH e, max(score) AS named
     WITH e, named * (2 - coalesce(vec.cosineDistance(e.fact_embedding, vecf32($vector)), 1)) AS weight
     ORDER BY weight DESC, ${NEWEST_FIRST} LIMIT $limit
     ${RETURN_FACTS}`,
    { ...params, ...named.params, vector, limit },
  );
}

/** Cosine distance (1 − cosine) from which texts count as unrelated; Graphiti's `min_score` of 0.6. */
export const MAX_DISTANCE = 0.8;

export interface FactByDistance extends FactRow {
  /** False if the fact is too far from the query. */
  readonly near: boolean;
  /** False if the fact does not meet the conditions. */
  readonly fits: boolean;
  readonly cosine: number;
}

/** The limits of successive index queries, as multiples of the requested number. */
export const INDEX_LIMIT_MULTIPLES = [2, 16, 128];

/**
 * The `count` facts nearest to a vector, nearest first. The index cannot filter, so `near` and `fits` say which ones to use. The index
 * also counts old values of changed facts but does not return them, so the query asks for more and more; fewer than `count` rows mean that
 * there are no more facts.
 */
export async function searchFactsByVector(
  graph: GroupGraph,
  vector: readonly number[],
  { text, params }: Conditions,
  count: number,
): Promise<FactByDistance[]> {
  const nearest = (facts: string, circle: number) =>
    graph.read<FactByDistance>(
      `${facts}
       WITH e, score ORDER BY score, e.uuid LIMIT $count
       ${returnFacts(['score'], `score < ${MAX_DISTANCE} AS near, (${text}) AS fits, 1 - score AS cosine`)} ORDER BY score, uuid`,
      { ...params, vector, count, circle },
    );
  for (const wider of INDEX_LIMIT_MULTIPLES) {
    const rows = await nearest(INDEXED, wider * count);
    if (rows.length === count) return rows;
  }
  return nearest(SCANNED, 0);
}

const INDEXED = `CALL db.idx.vector.queryRelationships('RELATES_TO', 'fact_embedding', $circle, vecf32($vector))
       YIELD relationship AS e, score`;
const SCANNED = `MATCH ()-[e:RELATES_TO]->() WHERE e.fact_embedding IS NOT NULL
       WITH e, vec.cosineDistance(e.fact_embedding, vecf32($vector)) AS score`;

/**
 * The facts that meet the conditions, nearest to a vector first, found without the index. Scans every fact, or every fact of the episodes
 * whose metadata, as JSON, contain all of the fragments. Takes 38 ms for 10,000 facts of 512 dimensions.
 */
export function scanFacts(
  graph: GroupGraph,
  vector: readonly number[],
  { text, params }: Conditions,
  fragments: readonly string[],
  limit: number,
): Promise<FactRow[]> {
  const candidates =
    fragments.length === 0
      ? `MATCH (:Entity)-[e:RELATES_TO]->(:Entity)`
      : `MATCH (m:_Meta) WHERE all(fragment IN $fragments WHERE m.metadata CONTAINS fragment)
         MATCH (p:Episodic {uuid: m.episode})
         UNWIND p.entity_edges AS uuid
         WITH DISTINCT uuid
         MATCH ()-[e:RELATES_TO {uuid: uuid}]->()`;
  return graph.read(
    `${candidates} WHERE ${text}
     WITH e, vec.cosineDistance(e.fact_embedding, vecf32($vector)) AS distance WHERE distance < ${MAX_DISTANCE}
     WITH e, distance ORDER BY distance, e.uuid LIMIT $limit
     ${RETURN_FACTS}`,
    { ...params, vector, fragments, limit },
  );
}

export interface ReachedFact extends FactRow {
  /** False if the fact does not meet the conditions. The walk continues across it. */
  readonly fits: boolean;
}

/** Facts followed from each entity: those nearest to the query. */
const MAX_PER_ENTITY = 100;

/**
 * One step of a walk: the facts that hold at a moment and touch one of the entities (or only lead away from it), nearest to the vector
 * first, at most `limit`.
 */
export function adjacentFacts(
  graph: GroupGraph,
  entities: readonly string[],
  vector: readonly number[],
  moment: Moment,
  { text, params }: Conditions,
  direction: 'both' | 'out',
  limit: number,
): Promise<ReachedFact[]> {
  return graph.read(
    `UNWIND $entities AS uuid
     MATCH (node:Entity {uuid: uuid})
     CALL {
       WITH node
       MATCH (node)-[e:RELATES_TO]-${direction === 'out' ? '>' : ''}(:Entity) WHERE ${holdsCondition(moment)}
       WITH e, vec.cosineDistance(e.fact_embedding, vecf32($vector)) AS distance
       RETURN e, distance ORDER BY distance, e.uuid LIMIT ${MAX_PER_ENTITY}
     }
     WITH DISTINCT e, distance ORDER BY distance, e.uuid LIMIT $limit
     ${returnFacts(['distance'], `(${text}) AS fits`)} ORDER BY distance, uuid`,
    { ...momentParams(moment), ...params, entities, vector, limit },
  );
}
