import { allWords, nameTerms } from '../fulltext.ts';
import type { GroupGraph } from '../group-graph.ts';
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

interface Row extends Pick<CommitSnapshot, 'fence' | 'changeId' | 'entities' | 'embedder'> {
  readonly noted: readonly { readonly uuid: string; readonly isDone: boolean }[];
}

const EMPTY: Row = { fence: 0, changeId: '', noted: [], entities: [], embedder: null };

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
  const [row] = await graph.read<Row>(
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

export interface SimilarEntity extends StoredEntity {
  /** Index of the name in the requested list. */
  readonly place: number;
  /** Cosine of the names' vectors; null for an entity found by words. */
  readonly near: number | null;
}

const MAX_PER_TERM = 5;
const NEAREST = 5;
// The index also counts old values of entities, but does not return them.
const NEAREST_IN_INDEX = 100;
/** A word in this many names is too common. */
const COMMON = 30;
/** Terms per query: the query text grows with them. */
const TERMS_PER_QUERY = 100;

/** Entities whose name shares words with one of the names or is similar in meaning. */
export async function findSimilarEntities(
  graph: GroupGraph,
  names: readonly { readonly name: string; readonly vector: readonly number[] }[],
): Promise<SimilarEntity[]> {
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
): Promise<SimilarEntity[]> {
  const each = unionPerTerm(
    terms.map(({ term }) => term),
    (term, index) => `CALL db.idx.fulltext.queryNodes('Entity', ${term}) YIELD node
       WITH node LIMIT ${COMMON}
       WITH collect(node) AS hits WHERE size(hits) < ${COMMON}
       UNWIND hits AS n
       WITH n ORDER BY size(n.name), n.uuid LIMIT ${MAX_PER_TERM}
       RETURN ${terms[index]?.place} AS place, n, null AS near`,
  );
  const rows = await graph.read<{ entity: SimilarEntity }>(
    `CALL {
       ${each.text}
       ${terms.length > 0 ? 'UNION ALL' : ''}
       UNWIND $vectors AS v
       CALL {
         WITH v
         CALL db.idx.vector.queryNodes('Entity', 'name_embedding', ${NEAREST_IN_INDEX}, vecf32(v.vector)) YIELD node, score
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
