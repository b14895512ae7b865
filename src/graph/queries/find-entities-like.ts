import { nameTerms } from '../fulltext.ts';
import type { GroupGraph } from '../group-graph.ts';
import { ENTITY_ENTRIES, type StoredEntity } from './begin-commit.ts';
import { eachTerm } from './each-term.ts';

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
/** A word that so many names hold tells little about any of them. */
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
