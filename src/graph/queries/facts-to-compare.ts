import type { GroupGraph } from '../group-graph.ts';

/** An unresolved fact for which the graph is searched for facts that it may repeat or contradict. */
export interface FactLookup {
  readonly place: number;
  /** uuids of the entities that its source may be. */
  readonly sources: readonly string[];
  /** uuids of entities with few facts that may be either end. All their facts are compared. */
  readonly calm: readonly string[];
  /** The same for entities with many facts, which are searched through the vector index. */
  readonly busy: readonly string[];
  readonly relation: string;
  readonly vector: readonly number[];
}

/**
 * Two entities. All facts between them are read, in either direction. `key` is the key of the `_Meta` node with the endings between them.
 */
export interface PairLookup {
  readonly one: string;
  readonly other: string;
  readonly key: string;
}

/** A stored fact with its evidence; dates in the graph's format. */
export interface StoredFact {
  readonly uuid: string;
  readonly source: string;
  readonly sourceName: string;
  readonly target: string;
  readonly targetName: string;
  readonly relation: string;
  readonly fact: string;
  readonly episodes: readonly string[];
  readonly createdAt: string;
  readonly referenceTime: string | null;
  readonly validAt: string | null;
  readonly invalidAt: string | null;
  readonly expiredAt: string | null;
  /** See `ingest/claims.ts`; null for a fact that its properties describe completely. */
  readonly supports: readonly string[] | null;
  readonly rivals: readonly string[] | null;
  readonly wordings: readonly string[] | null;
  /** For each lookup that the fact may concern: the index of the lookup and the cosine (1 if the vector index was not used). */
  readonly found: readonly (readonly [place: number, near: number])[];
}

export interface StoredEndings {
  readonly key: string;
  readonly endings: readonly string[];
}

export interface FactsToCompare {
  readonly facts: readonly StoredFact[];
  readonly endings: readonly StoredEndings[];
}

// The index also counts old values of facts, but does not return them.
const NEAREST_IN_INDEX = 200;
/** Facts taken per relation and per vector search: the latest or nearest. */
const MAX_PER_RELATION = 5;
/** Minimum cosine of facts that may be about the same thing. */
const NEAR = 0.4;

const RETURN_FACT = `
     OPTIONAL MATCH (k:_Meta {key: 'fact:' + e.uuid})
     WITH e, found, k, startNode(e) AS a, endNode(e) AS b
     RETURN 'fact' AS kind, {
       uuid: e.uuid, source: a.uuid, sourceName: a.name, target: b.uuid, targetName: b.name, relation: e.name, fact: e.fact,
       episodes: coalesce(e.episodes, []), createdAt: e.created_at, referenceTime: e.reference_time, validAt: e.valid_at,
       invalidAt: e.invalid_at, expiredAt: e.expired_at, supports: k.supports, rivals: k.rivals, wordings: k.wordings,
       found: found
     } AS row`;

/**
 * Returns the facts and endings between the entities of each pair. For each lookup also the facts that share an entity with it and have the
 * same source and relation, or a similar meaning. Both ends of a pair are bound first: FalkorDB would otherwise scan all facts of one end.
 */
export async function findFactsToCompare(
  graph: GroupGraph,
  pairs: readonly PairLookup[],
  factLookups: readonly FactLookup[],
): Promise<FactsToCompare> {
  const rows = await graph.read<Row>(
    `CALL {
       UNWIND $pairs AS p
       MATCH (x:Entity {uuid: p.one})
       MATCH (y:Entity {uuid: p.other})
       WITH x, y
       MATCH (x)-[e:RELATES_TO]-(y)
       RETURN e, -1 AS place, 1.0 AS near
       ${factLookups.length > 0 ? LIKELY : ''}
     }
     WITH e, collect([place, near]) AS found
     ${RETURN_FACT}
     UNION ALL
     UNWIND $pairs AS p
     MATCH (m:_Meta {key: p.key})
     RETURN 'endings' AS kind, {key: m.key, endings: m.endings} AS row`,
    {
      pairs: pairs.map((pair) => ({ ...pair })),
      ...(factLookups.length > 0 && {
        wanted: factLookups.map((lookup) => ({ ...lookup })),
        kinds: kindsOf(factLookups),
      }),
    },
  );
  return sorted(rows);
}

/** Each source and relation once: to find the latest facts FalkorDB sorts all facts of the relation, which may be thousands. */
function kindsOf(factLookups: readonly FactLookup[]): { source: string; relation: string; places: number[] }[] {
  const each = factLookups.flatMap(({ place, sources, relation }) =>
    sources.map((source) => ({ place, source, relation })),
  );
  const kinds = Map.groupBy(each, ({ source, relation }) => `${source} ${relation}`);
  return [...kinds.values()].map((lookups) => ({
    source: lookups[0]?.source ?? '',
    relation: lookups[0]?.relation ?? '',
    places: lookups.map(({ place }) => place),
  }));
}

// Of facts with the same words only the latest is kept: a fact that ended and began again many times would displace all others.
const LIKELY = `
       UNION
       UNWIND $kinds AS q
       CALL {
         WITH q
         MATCH (x:Entity {uuid: q.source})-[e:RELATES_TO]->(:Entity) WHERE e.name = q.relation
         WITH e ORDER BY e.valid_at DESC, e.uuid
         WITH e.fact AS words, collect(e)[0] AS e, max(e.valid_at) AS latest
         RETURN e ORDER BY latest DESC, words LIMIT ${MAX_PER_RELATION}
       }
       UNWIND q.places AS place
       RETURN e, place, 1.0 AS near
       UNION
       UNWIND $wanted AS q
       WITH q, vecf32(q.vector) AS v
       CALL {
         WITH q, v
         UNWIND q.calm AS uuid
         MATCH (:Entity {uuid: uuid})-[e:RELATES_TO]-(:Entity)
         WITH e, 1 - vec.cosineDistance(e.fact_embedding, v) AS near WHERE near >= ${NEAR}
         RETURN e, near ORDER BY near DESC, e.uuid LIMIT ${MAX_PER_RELATION}
       }
       RETURN e, q.place AS place, near
       UNION
       UNWIND [it IN $wanted WHERE size(it.busy) > 0] AS q
       CALL {
         WITH q
         CALL db.idx.vector.queryRelationships('RELATES_TO', 'fact_embedding', ${NEAREST_IN_INDEX}, vecf32(q.vector))
           YIELD relationship AS e, score
         WITH q, e, 1 - score AS near, startNode(e) AS a, endNode(e) AS b
         WHERE near >= ${NEAR} AND (a.uuid IN q.busy OR b.uuid IN q.busy)
         RETURN e, near ORDER BY near DESC, e.uuid LIMIT ${MAX_PER_RELATION}
       }
       RETURN e, q.place AS place, near`;

/** The facts with these uuids and all other facts between the same entities. */
export async function factsOfSamePairs(graph: GroupGraph, uuids: readonly string[]): Promise<StoredFact[]> {
  const rows = await graph.read<Row>(
    `UNWIND $uuids AS uuid
     MATCH (x)-[known:RELATES_TO {uuid: uuid}]->(y)
     MATCH (x)-[e:RELATES_TO]-(y)
     WITH DISTINCT e, [] AS found
     ${RETURN_FACT}`,
    { uuids },
  );
  return [...sorted(rows).facts];
}

type Row = { kind: 'fact'; row: StoredFact } | { kind: 'endings'; row: StoredEndings };

function sorted(rows: readonly Row[]): FactsToCompare {
  return {
    facts: rows.flatMap((row) => (row.kind === 'fact' ? [row.row] : [])),
    endings: rows.flatMap((row) => (row.kind === 'endings' ? [row.row] : [])),
  };
}
