import type { GroupGraph } from '../group-graph.ts';
import type { Conditions } from './conditions.ts';
import { collected, eachTerm, unlessUsual } from './each-term.ts';
import { heldCondition, type Moment, momentParams } from './moment.ts';

/** A fact as the searches return it; dates as the graph has them. */
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

/** The same, with further columns made of what is bound to further names. */
export function returnFacts(names: readonly string[] = [], columns = ''): string {
  return `
WITH ${['e', ...names].join(', ')}, startNode(e) AS a, endNode(e) AS b
RETURN e.uuid AS uuid, e.fact AS fact, e.name AS relation, a.name AS source, a.uuid AS sourceUuid,
       b.name AS target, b.uuid AS targetUuid, coalesce(e.episodes, []) AS episodes, e.valid_at AS validAt,
       e.invalid_at AS invalidAt, e.created_at AS createdAt, e.expired_at AS expiredAt${columns && `, ${columns}`}`;
}

/** FalkorDB knows the number without looking at any. */
export async function countFacts(graph: GroupGraph): Promise<number> {
  const [row] = await graph.read<{ n: number }>('MATCH ()-[e:RELATES_TO]->() RETURN count(e) AS n');
  return row?.n ?? 0;
}

/**
 * Finds entities whose name or summary matches any of some terms, or an alias any of them, as `node` with a `score`. Terms
 * that `most` entities or aliases match, or more, bring none. Where nobody ever wrote an alias there is neither label
 * nor index, and nothing comes of it.
 * @param condition on `node`
 * @param onlyNames leaves summaries out: those of a thing's neighbours name it too, and they are many
 */
export function namedEntities(
  terms: readonly string[],
  most: number,
  { condition = 'true', onlyNames = false }: { condition?: string | undefined; onlyNames?: boolean } = {},
): Conditions {
  const ofEntities = (
    found: string,
  ) => `CALL db.idx.fulltext.queryNodes('Entity', ${found}) YIELD node WHERE ${condition}
       ${collected('node')}`;
  const { text, params } = eachTerm(terms, (term) =>
    [
      // A name counts twice where summaries count too: they name its neighbours.
      ...(onlyNames ? [] : [ofEntities(term)]),
      ofEntities(`'@name:(' + ${term} + ')'`),
      `CALL db.idx.fulltext.queryNodes('_Alias', ${term}) YIELD node AS alias
       MATCH (node:Entity {uuid: alias.entity}) WHERE ${condition}
       WITH DISTINCT node
       ${collected('node')}`,
    ].join('\nUNION ALL\n'),
  );
  return { text: unlessUsual(text, 'node'), params: { ...params, most } };
}

/** Of entities that match equally well those whose names say little else. */
export const BEST_NAMED = 'score DESC, size(node.name), node.uuid';

/**
 * Facts that match any of the full-text terms, those that match most and rarest first.
 * @param most terms that match this many facts, or more, are ignored
 */
export function searchFactsByWords(
  graph: GroupGraph,
  terms: readonly string[],
  { text, params }: Conditions,
  limit: number,
  most: number,
): Promise<FactRow[]> {
  const each = eachTerm(
    terms,
    (term) => `CALL db.idx.fulltext.queryRelationships('RELATES_TO', ${term}) YIELD relationship AS e WHERE ${text}
       ${collected('e')}`,
  );
  return graph.read(
    `${unlessUsual(each.text, 'e')}
     WITH e, sum(score) AS score ORDER BY score DESC, e.uuid LIMIT $limit
     ${RETURN_FACTS}`,
    { ...params, ...each.params, limit, most },
  );
}

const ENTITIES = 5;
/** Of an entity with more facts the vector index finds the nearest more cheaply. */
const MOST_FACTS = 1000;

/**
 * The facts about the entities whose names or aliases match the full-text terms best. The better an entity's name matches
 * and the nearer a fact is to the vector, the sooner it comes.
 * @param most terms that match this many entities' names, or more, are ignored
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
     WITH node, sum(score) AS score ORDER BY ${BEST_NAMED} LIMIT ${ENTITIES}
     WITH node, score WHERE indegree(node, 'RELATES_TO') + outdegree(node, 'RELATES_TO') <= ${MOST_FACTS}
     MATCH (node)-[e:RELATES_TO]-(:Entity) WHERE ${text}
     WITH e, max(score) AS named
     WITH e, named * (2 - vec.cosineDistance(e.fact_embedding, vecf32($vector))) AS weight
     ORDER BY weight DESC, e.uuid LIMIT $limit
     ${RETURN_FACTS}`,
    { ...params, ...named.params, vector, limit },
  );
}

/** Cosine distance (1 − cosine) beyond which texts have nothing to do with each other; Graphiti's `min_score` 0.6. */
export const FARTHEST = 0.8;

export interface NearRow extends FactRow {
  /** False when the vector has too little to do with the query's. */
  readonly near: boolean;
  /** False when it does not meet the conditions. */
  readonly fits: boolean;
  readonly cosine: number;
}

/** So many times what is wanted is asked of the index, in turn. */
export const CIRCLES = [2, 16, 128];

/**
 * The `count` facts nearest to a vector, whatever else they are: the index knows no conditions. Nearest first. Less come only
 * where there are no more: the index still counts what a fact was before each of its changes and then leaves it out, so that of
 * twenty asked for few may be left.
 */
export async function searchFactsByVector(
  graph: GroupGraph,
  vector: readonly number[],
  { text, params }: Conditions,
  count: number,
): Promise<NearRow[]> {
  const nearest = (facts: string, circle: number) =>
    graph.read<NearRow>(
      `${facts}
       WITH e, score ORDER BY score, e.uuid LIMIT $count
       ${returnFacts(['score'], `score < ${FARTHEST} AS near, (${text}) AS fits, 1 - score AS cosine`)} ORDER BY score, uuid`,
      { ...params, vector, count, circle },
    );
  for (const wider of CIRCLES) {
    const rows = await nearest(INDEXED, wider * count);
    if (rows.length === count) return rows;
  }
  return nearest(ONE_BY_ONE, 0);
}

const INDEXED = `CALL db.idx.vector.queryRelationships('RELATES_TO', 'fact_embedding', $circle, vecf32($vector))
       YIELD relationship AS e, score`;
const ONE_BY_ONE = `MATCH ()-[e:RELATES_TO]->() WHERE e.fact_embedding IS NOT NULL
       WITH e, vec.cosineDistance(e.fact_embedding, vecf32($vector)) AS score`;

/**
 * The facts that meet the conditions, nearest to a vector first, found without the index: every fact is looked at, or every
 * fact of the episodes whose metadata, as JSON, hold all of the fragments. Takes 38 ms for 10,000 facts of
 * 512 dimensions.
 */
export function searchFactsOneByOne(
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
         UNWIND p.entity_edges AS told
         WITH DISTINCT told
         MATCH ()-[e:RELATES_TO {uuid: told}]->()`;
  return graph.read(
    `${candidates} WHERE ${text}
     WITH e, vec.cosineDistance(e.fact_embedding, vecf32($vector)) AS distance WHERE distance < ${FARTHEST}
     WITH e, distance ORDER BY distance, e.uuid LIMIT $limit
     ${RETURN_FACTS}`,
    { ...params, vector, fragments, limit },
  );
}

export interface ReachedFact extends FactRow {
  /** False when it does not meet the conditions; the walk goes on over it all the same. */
  readonly fits: boolean;
}

/** Facts that are followed from each entity: those nearest to the query. */
const OF_EACH = 100;

/**
 * One step of a walk: the facts that held at a moment and touch one of some entities, or only lead away from them; nearest
 * to the vector first, at most `limit`.
 */
export function breadthFirstFacts(
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
       MATCH (node)-[e:RELATES_TO]-${direction === 'out' ? '>' : ''}(:Entity) WHERE ${heldCondition(moment)}
       WITH e, vec.cosineDistance(e.fact_embedding, vecf32($vector)) AS distance
       RETURN e, distance ORDER BY distance, e.uuid LIMIT ${OF_EACH}
     }
     WITH DISTINCT e, distance ORDER BY distance, e.uuid LIMIT $limit
     ${returnFacts(['distance'], `(${text}) AS fits`)} ORDER BY distance, uuid`,
    { ...momentParams(moment), ...params, entities, vector, limit },
  );
}
