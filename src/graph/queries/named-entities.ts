import { collected, eachTerm, unlessUsual } from './each-term.ts';
import type { Conditions } from './fact-conditions.ts';

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
