import { allWords, nameTerms } from '../fulltext.ts';
import type { GroupGraph } from '../group-graph.ts';
import { eachTerm } from './each-term.ts';

/** A name that an entity is looked for by. */
export interface NameLookup {
  /** Of the name in the caller's list; other spellings of a name have the same. */
  readonly place: number;
  readonly name: string;
  /** That of the entity if this very name, in whatever writing, made it. */
  readonly uuid: string;
  /** Key of the `_Meta` node that would note the name as another one of an entity. */
  readonly alias: string;
}

export interface StoredEntity {
  readonly uuid: string;
  readonly name: string;
  /** `Entity` and the types. */
  readonly labels: readonly string[];
  readonly summary: string;
  /** Number of its facts. */
  readonly degree: number;
}

export interface NamedEntity extends StoredEntity {
  /** Place of the name in the list that was asked. */
  readonly place: number;
  readonly how: 'name' | 'alias';
}

export interface Beginning {
  /** The number of the lease under which the graph was last written; 0 for a new graph. */
  readonly fence: number;
  /** Which of the episodes were committed or removed from the group meanwhile. */
  readonly done: readonly string[];
  /** Which of the episodes the graph does not have, since it was lost after they were recorded. */
  readonly lost: readonly string[];
  readonly entities: readonly NamedEntity[];
}

interface Row extends Pick<Beginning, 'fence' | 'entities'> {
  readonly noted: readonly { readonly uuid: string; readonly isDone: boolean }[];
}

/** What of an entity bound to `n` is returned, as entries of a map. */
export const ENTITY_ENTRIES = `uuid: n.uuid, name: n.name, labels: labels(n), summary: coalesce(n.summary, ''),
       degree: indegree(n, 'RELATES_TO') + outdegree(n, 'RELATES_TO')`;

/**
 * What every commit reads first: the fence, episodes that nothing is left to be done with, since another worker had them too or
 * they were taken out again, and the entities that are called by one of the names, in any writing of case, or have it noted as
 * an alias. The full-text index finds the other writings; names without a word that it knows (`IT`, `the`) are looked up as
 * they are written and by the uuid that they give.
 * @param episodes uuids
 */
export async function beginCommit(
  graph: GroupGraph,
  episodes: readonly string[],
  lookups: readonly NameLookup[],
): Promise<Beginning> {
  const asked = lookups.map((it) => ({ ...it }));
  const worded = lookups.map(({ name, place }) => ({ place, lower: name.toLowerCase(), words: allWords(name) }));
  const [row] = await graph.read<Row>(
    `OPTIONAL MATCH (m:_Meta {key: 'fence'})
     WITH coalesce(m.token, 0) AS fence
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
       RETURN collect({place: place, how: how, ${ENTITY_ENTRIES}}) AS entities
     }
     RETURN fence, noted, entities`,
    // Only the name's words: summaries of others hold them too.
    {
      episodes,
      asked,
      worded: worded.filter(({ words }) => words !== '').map((it) => ({ ...it, words: `@name:(${it.words})` })),
    },
  );
  const { fence, noted, entities } = row ?? { fence: 0, noted: [], entities: [] };
  const isNoted = new Set(noted.map(({ uuid }) => uuid));
  return {
    ...{ fence, entities },
    done: noted.filter(({ isDone }) => isDone).map(({ uuid }) => uuid),
    lost: episodes.filter((uuid) => !isNoted.has(uuid)),
  };
}

export interface LikeEntity extends StoredEntity {
  /** Place of the name in the list that was asked. */
  readonly place: number;
  /** Cosine of the names' vectors; null for one that was found by its words. */
  readonly near: number | null;
}

const FOR_EACH_TERM = 5;
const NEAREST = 5;
// The index also counts what entities were before each change, and leaves that out.
const ASKED = 100;
/** A word that is in this many names is not selective. */
const USUAL = 30;
/** So many terms are asked for in one query, whose text grows with them. */
const AT_ONCE = 100;

/** Entities whose name has words of a name, or is near to it in meaning. */
export async function findEntitiesLike(
  graph: GroupGraph,
  names: readonly { readonly name: string; readonly vector: readonly number[] }[],
): Promise<LikeEntity[]> {
  const terms = names.flatMap(({ name }, place) => nameTerms(name).map((term) => ({ place, term: `@name:(${term})` })));
  const vectors = names.map(({ vector }, place) => ({ place, vector }));
  const found = await find(graph, terms.slice(0, AT_ONCE), vectors);
  for (let done = AT_ONCE; done < terms.length; done += AT_ONCE)
    found.push(...(await find(graph, terms.slice(done, done + AT_ONCE), [])));
  return found;
}

async function find(
  graph: GroupGraph,
  terms: readonly { readonly place: number; readonly term: string }[],
  vectors: readonly { readonly place: number; readonly vector: readonly number[] }[],
): Promise<LikeEntity[]> {
  const each = eachTerm(
    terms.map(({ term }) => term),
    (term, index) => `CALL db.idx.fulltext.queryNodes('Entity', ${term}) YIELD node
       WITH node LIMIT ${USUAL}
       WITH collect(node) AS hits WHERE size(hits) < ${USUAL}
       UNWIND hits AS n
       WITH n ORDER BY size(n.name), n.uuid LIMIT ${FOR_EACH_TERM}
       RETURN ${terms[index]?.place} AS place, n, null AS near`,
  );
  const rows = await graph.read<{ entity: LikeEntity }>(
    `CALL {
       ${each.text}
       ${terms.length > 0 ? 'UNION ALL' : ''}
       UNWIND $vectors AS v
       CALL {
         WITH v
         CALL db.idx.vector.queryNodes('Entity', 'name_embedding', ${ASKED}, vecf32(v.vector)) YIELD node, score
         RETURN node, score ORDER BY score, node.uuid LIMIT ${NEAREST}
       }
       RETURN v.place AS place, node AS n, 1 - score AS near
     }
     WITH DISTINCT place, n, near ORDER BY place, n.uuid, near
     RETURN {place: place, near: near, ${ENTITY_ENTRIES}} AS entity`,
    { ...each.params, vectors },
  );
  return rows.map(({ entity }) => entity);
}
