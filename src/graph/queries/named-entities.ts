/**
 * Finds entities whose name or summary matches any of `$terms`, or an alias any of them (`$anyTerm`), as `node` with a `score`:
 * `forEachTerm` of each term, and as many by aliases. Where nobody ever wrote an alias there is neither label nor index, and
 * nothing comes of it; aliases are few, so that one query of all words costs little.
 */
export const namedEntities = (forEachTerm: number | '$forEachTerm', condition = 'true') => `
     CALL {
       UNWIND $terms AS term
       CALL {
         WITH term
         CALL db.idx.fulltext.queryNodes('Entity', term) YIELD node, score WHERE ${condition}
         RETURN node, score LIMIT ${forEachTerm}
       }
       RETURN node, score
       UNION ALL
       CALL db.idx.fulltext.queryNodes('_Alias', $anyTerm) YIELD node AS alias, score
       MATCH (node:Entity {uuid: alias.entity}) WHERE ${condition}
       RETURN node, score LIMIT ${forEachTerm}
     }`;

/**
 * The parameters of the same.
 * @param onlyNames leaves summaries out: those of a thing's neighbours name it too, and they are many
 */
export const namedParams = (terms: readonly string[], onlyNames = false) => ({
  terms: onlyNames ? terms.map((term) => `@name:(${term})`) : terms,
  anyTerm: terms.map((term) => `(${term})`).join('|'),
});
