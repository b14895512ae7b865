import { eachTerm } from './each-term.ts';
import type { Conditions } from './fact-conditions.ts';

/**
 * Finds entities whose name or summary matches any of some terms, or an alias any of them, as `node` with a `score`:
 * `forEachTerm` of each term, and as many by aliases. Where nobody ever wrote an alias there is neither label nor index, and
 * nothing comes of it; aliases are few, so that one query of all words costs little.
 * @param condition on `node`
 * @param onlyNames leaves summaries out: those of a thing's neighbours name it too, and they are many
 */
export function namedEntities(
  terms: readonly string[],
  forEachTerm: number,
  { condition = 'true', onlyNames = false }: { condition?: string | undefined; onlyNames?: boolean } = {},
): Conditions {
  const { text, params } = eachTerm(
    onlyNames ? terms.map((term) => `@name:(${term})`) : terms,
    (term) => `CALL db.idx.fulltext.queryNodes('Entity', ${term}) YIELD node, score WHERE ${condition}
       RETURN node, score LIMIT $forEachTerm`,
  );
  return {
    text: `
     CALL {
       ${text}
       UNION ALL
       CALL db.idx.fulltext.queryNodes('_Alias', $anyTerm) YIELD node AS alias, score
       MATCH (node:Entity {uuid: alias.entity}) WHERE ${condition}
       RETURN node, score LIMIT $forEachTerm
     }`,
    params: { ...params, forEachTerm, anyTerm: terms.map((term) => `(${term})`).join('|') },
  };
}
