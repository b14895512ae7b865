import type { GroupGraph } from '../group-graph.ts';

/** A stated fact, as far as it matters for finding those that it may repeat or contradict. */
export interface FactLookup {
  readonly place: number;
  /** uuids of the entities that its source may be. */
  readonly sources: readonly string[];
  /** uuids of the entities with few facts that either end may be: all their facts are compared. */
  readonly calm: readonly string[];
  /** The same for entities with many facts, which only the vector index can go through. */
  readonly busy: readonly string[];
  readonly relation: string;
  readonly vector: readonly number[];
}

/** Two entities whose facts are all wanted, in either direction; `key` is that of the `_Meta` node with what ended between them. */
export interface PairLookup {
  readonly one: string;
  readonly other: string;
  readonly key: string;
}

/** A fact of the graph with what is known about its evidence; dates in the graph's format. */
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
  /** See `ingest/claims.ts`; null for a fact of which its own properties tell everything. */
  readonly supports: readonly string[] | null;
  readonly rivals: readonly string[] | null;
  readonly wordings: readonly string[] | null;
  /** For each wanted fact that it may have to do with: its place and the cosine (1 where something else than vectors found it). */
  readonly found: readonly (readonly [place: number, near: number])[];
}

export interface StoredEndings {
  readonly key: string;
  readonly endings: readonly string[];
}

export interface FoundFacts {
  readonly facts: readonly StoredFact[];
  readonly endings: readonly StoredEndings[];
}

// The index also counts what facts were before each change, and leaves that out.
const NEAREST = 200;
/** Of those that say the same kind of thing, or that are near, the latest or nearest. */
const OF_ONE_KIND = 5;
/** Cosine from which on two facts may have to do with the same. */
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
 * The facts between each of the pairs, and for each wanted fact those that share an entity with it and either say the same kind
 * of thing of the same source or are near in meaning. Both ends of a pair are bound first, since FalkorDB would otherwise go
 * through all facts of the one to find the other.
 */
export async function findFacts(
  graph: GroupGraph,
  pairs: readonly PairLookup[],
  factLookups: readonly FactLookup[],
): Promise<FoundFacts> {
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
      pairs: pairs.map((it) => ({ ...it })),
      ...(factLookups.length > 0 && { wanted: factLookups.map((it) => ({ ...it })), kinds: kindsOf(factLookups) }),
    },
  );
  return sorted(rows);
}

/** What a source may do, once: an entity with thousands of facts of one kind has them all sorted to find the latest. */
function kindsOf(factLookups: readonly FactLookup[]): { source: string; relation: string; places: number[] }[] {
  const each = factLookups.flatMap(({ place, sources, relation }) =>
    sources.map((source) => ({ place, source, relation })),
  );
  const kinds = Map.groupBy(each, ({ source, relation }) => `${source} ${relation}`);
  return [...kinds.values()].map((some) => ({
    source: some[0]?.source ?? '',
    relation: some[0]?.relation ?? '',
    places: some.map(({ place }) => place),
  }));
}

// Of facts in the same words only the latest counts: one that came and went often would keep all others out.
const LIKELY = `
       UNION
       UNWIND $kinds AS q
       CALL {
         WITH q
         MATCH (x:Entity {uuid: q.source})-[e:RELATES_TO]->(:Entity) WHERE e.name = q.relation
         WITH e ORDER BY e.valid_at DESC, e.uuid
         WITH e.fact AS words, collect(e)[0] AS e, max(e.valid_at) AS latest
         RETURN e ORDER BY latest DESC, words LIMIT ${OF_ONE_KIND}
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
         RETURN e, near ORDER BY near DESC, e.uuid LIMIT ${OF_ONE_KIND}
       }
       RETURN e, q.place AS place, near
       UNION
       UNWIND [it IN $wanted WHERE size(it.busy) > 0] AS q
       CALL {
         WITH q
         CALL db.idx.vector.queryRelationships('RELATES_TO', 'fact_embedding', ${NEAREST}, vecf32(q.vector))
           YIELD relationship AS e, score
         WITH q, e, 1 - score AS near, startNode(e) AS a, endNode(e) AS b
         WHERE near >= ${NEAR} AND (a.uuid IN q.busy OR b.uuid IN q.busy)
         RETURN e, near ORDER BY near DESC, e.uuid LIMIT ${OF_ONE_KIND}
       }
       RETURN e, q.place AS place, near`;

/** The facts with these uuids and all others between the same entities, with what ended between them. */
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

function sorted(rows: readonly Row[]): FoundFacts {
  return {
    facts: rows.flatMap((it) => (it.kind === 'fact' ? [it.row] : [])),
    endings: rows.flatMap((it) => (it.kind === 'endings' ? [it.row] : [])),
  };
}
