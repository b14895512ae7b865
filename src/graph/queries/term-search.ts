import type { Conditions } from './filter-conditions.ts';

/**
 * Searches an index for each term in a separate branch. Called for the next row of an `UNWIND` instead, FalkorDB first returns rows that a
 * `LIMIT` left over from the previous call, so that rows of a common word would replace those of a rare one.
 * @param branch gets the parameter of the term and its index; branches share no rows
 */
export function unionPerTerm(terms: readonly string[], branch: (term: string, place: number) => string): Conditions {
  return {
    text: terms.map((_, place) => branch(`$term${place}`, place)).join('\nUNION ALL\n'),
    params: Object.fromEntries(terms.map((term, place) => [`term${place}`, term])),
  };
}

/** As `$most`: no term is too common. */
export const NO_TERM_LIMIT = 1_000_000_000;

/** Cypher that ends a term's branch: collects its first `$most` hits, bound to `name`, in one list. */
export const collectHits = (name: string, columns = ''): string => `
       WITH ${name} LIMIT $most RETURN ${columns}collect(${name}) AS hits`;

/**
 * Cypher that follows such branches and returns the hits as `name`, each with a `score` per term: the fewer hits a term has, the higher.
 * Terms with `$most` or more hits are ignored: the index decides which hits come first, and its order (like its scores) depends on changed
 * and removed entries and differs in a restored graph. One query for all terms, since each step of each branch costs 10 µs.
 */
export const scoreRareTerms = (branches: string, name: string, columns = ''): string => `
     CALL { ${branches} }
     WITH ${columns}hits WHERE size(hits) < $most
     UNWIND hits AS ${name}
     WITH ${columns}${name}, toInteger(1000 * log(1 + 10000.0 / size(hits))) AS score`;
