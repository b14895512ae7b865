import { allWords } from '../fulltext.ts';
import type { GroupGraph } from '../group-graph.ts';

export interface StoredEntity {
  readonly uuid: string;
  readonly name: string;
  /** `Entity` and the types. */
  readonly labels: readonly string[];
}

/**
 * Entities whose name is one of `names` in any writing of case. The full-text index finds them; names without a word that
 * it knows (`C++`, `the`) are looked up as they are written.
 */
export function findEntities(graph: GroupGraph, names: readonly string[]): Promise<StoredEntity[]> {
  const wanted = names.map((name) => ({ name: name.toLowerCase(), words: allWords(name) }));
  return graph.read(
    `CALL {
       MATCH (n:Entity) WHERE n.name IN $names RETURN n
       UNION
       UNWIND $wanted AS w
       CALL db.idx.fulltext.queryNodes('Entity', w.words) YIELD node
       WITH node AS n, w WHERE toLower(trim(n.name)) = w.name
       RETURN n
     }
     RETURN DISTINCT n.uuid AS uuid, n.name AS name, labels(n) AS labels`,
    { names, wanted: wanted.filter(({ words }) => words !== '') },
  );
}
