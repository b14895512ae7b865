import { allWords, nameTerms } from '../fulltext.ts';
import type { GroupGraph } from '../group-graph.ts';
import { factKey } from '../meta-keys.ts';
import type { StoredEmbedder } from './meta-nodes.ts';
import { unionPerTerm } from './term-search.ts';

/** A name to look up. */
export interface NameLookup {
  /** Index of the name in the caller's list. Spellings of the same name share the index. */
  readonly place: number;
  readonly name: string;
  /** The uuid of an entity that was created under this name, in any spelling. */
  readonly uuid: string;
  /** Key of the `_Meta` node that stores the name as an alias. */
  readonly alias: string;
}

export interface StoredEntity {
  readonly uuid: string;
  readonly name: string;
  /** `Entity` and the entity's types. */
  readonly labels: readonly string[];
  readonly summary: string;
  /** Number of its facts. */
  readonly degree: number;
}

export interface NamedEntity extends StoredEntity {
  /** Index of the name in the requested list. */
  readonly place: number;
  readonly how: 'name' | 'alias';
}

export interface CommitSnapshot {
  /** Number of the lease under which the graph was last written; 0 for a new graph. */
  readonly fence: number;
  /** Id of the graph's last change; '' for a new graph. */
  readonly changeId: string;
  /** The episodes that were committed or removed in the meantime. */
  readonly done: readonly string[];
  /** Recorded episodes that the graph has lost. */
  readonly lost: readonly string[];
  readonly entities: readonly NamedEntity[];
  /** Null while none is stored. */
  readonly embedder: StoredEmbedder | null;
}

interface SnapshotRow extends Pick<CommitSnapshot, 'fence' | 'changeId' | 'entities' | 'embedder'> {
  readonly noted: readonly { readonly uuid: string; readonly isDone: boolean }[];
}

const EMPTY: SnapshotRow = { fence: 0, changeId: '', noted: [], entities: [], embedder: null };

/** The returned properties of an entity bound to `n`, as entries of a Cypher map. */
export const RETURN_ENTITY_FIELDS = `uuid: n.uuid, name: n.name, labels: labels(n), summary: coalesce(n.summary, ''),
       degree: indegree(n, 'RELATES_TO') + outdegree(n, 'RELATES_TO')`;

/**
 * The first read of every commit: the fence, the embedder, the episodes that are already committed or removed, the episodes that the graph has lost, and
 * the entities with one of the names or aliases. The full-text index ignores case; a name without an indexed word (`IT`, `the`) is looked
 * up as written and by the uuid derived from it.
 * @param episodes uuids
 */
export async function readCommitSnapshot(
  graph: GroupGraph,
  episodes: readonly string[],
  lookups: readonly NameLookup[],
): Promise<CommitSnapshot> {
  const asked = lookups.map((lookup) => ({ ...lookup }));
  // Only in names: the summaries of other entities contain the words too.
  const worded = lookups
    .map(({ name, place }) => ({ place, lower: name.toLowerCase(), words: allWords(name) }))
    .filter(({ words }) => words !== '')
    .map((lookup) => ({ ...lookup, words: `@name:(${lookup.words})` }));
  const [row] = await graph.read<SnapshotRow>(
    `OPTIONAL MATCH (m:_Meta {key: 'fence'})
     WITH coalesce(m.token, 0) AS fence, coalesce(m.mark, '') AS changeId
     CALL {
       UNWIND $episodes AS uuid
       MATCH (r:_Meta {key: 'episode:' + uuid})
       RETURN collect({uuid: uuid, isDone: r.removed_at IS NOT NULL OR r.committed_at IS NOT NULL}) AS noted
     }
     CALL {
       CALL {
         UNWIND $asked AS w
         MATCH (n:Entity {name: w.name})
         RETURN w.place AS place, n, 'name' AS how
         UNION
         UNWIND $asked AS w
         MATCH (n:Entity {uuid: w.uuid})
         RETURN w.place AS place, n, 'name' AS how
         UNION
         UNWIND $worded AS w
         CALL db.idx.fulltext.queryNodes('Entity', w.words) YIELD node
         WITH w, node AS n WHERE toLower(trim(n.name)) = w.lower
         RETURN w.place AS place, n, 'name' AS how
         UNION
         UNWIND $asked AS w
         MATCH (a:_Meta {key: w.alias})
         WITH w, a
         MATCH (n:Entity {uuid: a.entity})
         RETURN w.place AS place, n, 'alias' AS how
       }
       RETURN collect({place: place, how: how, ${RETURN_ENTITY_FIELDS}}) AS entities
     }
     OPTIONAL MATCH (v:_Meta {key: 'embedder'})
     RETURN fence, changeId, noted, entities,
            CASE WHEN v IS NULL THEN NULL ELSE {model: v.model, dimension: v.dimension, schema: coalesce(v.schema, 1)} END AS embedder`,
    { episodes, asked, worded },
  );
  const { noted, ...snapshot } = row ?? EMPTY;
  const recorded = new Set(noted.map(({ uuid }) => uuid));
  return {
    ...snapshot,
    done: noted.filter(({ isDone }) => isDone).map(({ uuid }) => uuid),
    lost: episodes.filter((uuid) => !recorded.has(uuid)),
  };
}

export interface EntityCandidate extends StoredEntity {
  /** Index of the name in the requested list. */
  readonly place: number;
  /** Cosine of the names' vectors; null for an entity found by words. */
  readonly near: number | null;
}

const MAX_PER_TERM = 5;
const NEAREST = 5;
// The index also counts old values of entities, but does not return them.
const NEAREST_NAMES_IN_INDEX = 100;
/** A word in this many names is too common. */
const COMMON = 30;
/** Terms per query: the query text grows with them. */
const TERMS_PER_QUERY = 100;

/** Entities whose name shares words with one of the names or is similar in meaning. */
export async function findEntityCandidates(
  graph: GroupGraph,
  names: readonly { readonly name: string; readonly vector: readonly number[] }[],
): Promise<EntityCandidate[]> {
  const terms = names.flatMap(({ name }, place) => nameTerms(name).map((term) => ({ place, term: `@name:(${term})` })));
  const vectors = names.map(({ vector }, place) => ({ place, vector }));
  const entities = await findByTermsAndVectors(graph, terms.slice(0, TERMS_PER_QUERY), vectors);
  for (let done = TERMS_PER_QUERY; done < terms.length; done += TERMS_PER_QUERY)
    entities.push(...(await findByTermsAndVectors(graph, terms.slice(done, done + TERMS_PER_QUERY), [])));
  return entities;
}

async function findByTermsAndVectors(
  graph: GroupGraph,
  terms: readonly { readonly place: number; readonly term: string }[],
  vectors: readonly { readonly place: number; readonly vector: readonly number[] }[],
): Promise<EntityCandidate[]> {
  const each = unionPerTerm(
    terms.map(({ term }) => term),
    (term, index) => `CALL db.idx.fulltext.queryNodes('Entity', ${term}) YIELD node
       WITH node LIMIT ${COMMON}
       WITH collect(node) AS hits WHERE size(hits) < ${COMMON}
       UNWIND hits AS n
       WITH n ORDER BY size(n.name), n.uuid LIMIT ${MAX_PER_TERM}
       RETURN ${terms[index]?.place} AS place, n, null AS near`,
  );
  const rows = await graph.read<{ entity: EntityCandidate }>(
    `CALL {
       ${each.text}
       ${terms.length > 0 ? 'UNION ALL' : ''}
       UNWIND $vectors AS v
       CALL {
         WITH v
         CALL db.idx.vector.queryNodes('Entity', 'name_embedding', ${NEAREST_NAMES_IN_INDEX}, vecf32(v.vector)) YIELD node, score
         RETURN node, score ORDER BY score, node.uuid LIMIT ${NEAREST}
       }
       RETURN v.place AS place, node AS n, 1 - score AS near
     }
     WITH DISTINCT place, n, near ORDER BY place, n.uuid, near
     RETURN {place: place, near: near, ${RETURN_ENTITY_FIELDS}} AS entity`,
    { ...each.params, vectors },
  );
  return rows.map(({ entity }) => entity);
}

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
const NEAREST_FACTS_IN_INDEX = 200;
/** Facts taken per relation and per vector search: the latest or nearest. */
const MAX_PER_RELATION = 5;
/** Minimum cosine of facts that may be about the same thing. */
const NEAR = 0.4;

const RETURN_FACT = `
     OPTIONAL MATCH (k:_Meta {key: '${factKey('')}' + e.uuid})
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
  const rows = await graph.read<ComparedRow>(
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
       UNWIND [lookup IN $wanted WHERE size(lookup.busy) > 0] AS q
       CALL {
         WITH q
         CALL db.idx.vector.queryRelationships('RELATES_TO', 'fact_embedding', ${NEAREST_FACTS_IN_INDEX}, vecf32(q.vector))
           YIELD relationship AS e, score
         WITH q, e, 1 - score AS near, startNode(e) AS a, endNode(e) AS b
         WHERE near >= ${NEAR} AND (a.uuid IN q.busy OR b.uuid IN q.busy)
         RETURN e, near ORDER BY near DESC, e.uuid LIMIT ${MAX_PER_RELATION}
       }
       RETURN e, q.place AS place, near`;

/** The facts with these uuids and all other facts between the same entities. */
export async function factsOfSamePairs(graph: GroupGraph, uuids: readonly string[]): Promise<StoredFact[]> {
  const rows = await graph.read<ComparedRow>(
    `UNWIND $uuids AS uuid
     MATCH (x)-[known:RELATES_TO {uuid: uuid}]->(y)
     MATCH (x)-[e:RELATES_TO]-(y)
     WITH DISTINCT e, [] AS found
     ${RETURN_FACT}`,
    { uuids },
  );
  return [...sorted(rows).facts];
}

type ComparedRow = { kind: 'fact'; row: StoredFact } | { kind: 'endings'; row: StoredEndings };

function sorted(rows: readonly ComparedRow[]): FactsToCompare {
  return {
    facts: rows.flatMap((row) => (row.kind === 'fact' ? [row.row] : [])),
    endings: rows.flatMap((row) => (row.kind === 'endings' ? [row.row] : [])),
  };
}
