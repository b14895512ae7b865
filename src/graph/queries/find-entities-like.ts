import { nameTerms } from '../fulltext.ts';
import type { GroupGraph } from '../group-graph.ts';
import { ENTITY_ENTRIES, type StoredEntity } from './begin-commit.ts';

export interface LikeEntity extends StoredEntity {
  /** Place of the name in the list that was asked. */
  readonly place: number;
  /** Cosine of the names' vectors; null for one that was found by its words. */
  readonly near: number | null;
}

const FOR_EACH_TERM = 5;
const NEAREST = 5;

/** Entities whose name has words of a name, or is near to it in meaning. */
export async function findEntitiesLike(
  graph: GroupGraph,
  names: readonly { readonly name: string; readonly vector: readonly number[] }[],
): Promise<LikeEntity[]> {
  const terms = names.flatMap(({ name }, place) => nameTerms(name).map((term) => ({ place, term: `@name:(${term})` })));
  const rows = await graph.read<{ entity: LikeEntity }>(
    `CALL {
       UNWIND $terms AS t
       CALL {
         WITH t
         CALL db.idx.fulltext.queryNodes('Entity', t.term) YIELD node
         RETURN node LIMIT ${FOR_EACH_TERM}
       }
       RETURN t.place AS place, node AS n, null AS near
       UNION
       UNWIND $vectors AS v
       CALL db.idx.vector.queryNodes('Entity', 'name_embedding', ${NEAREST}, vecf32(v.vector)) YIELD node, score
       RETURN v.place AS place, node AS n, 1 - score AS near
     }
     RETURN {place: place, near: near, ${ENTITY_ENTRIES}} AS entity`,
    { terms, vectors: names.map(({ vector }, place) => ({ place, vector })) },
  );
  return rows.map(({ entity }) => entity);
}
