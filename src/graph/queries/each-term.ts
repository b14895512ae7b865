import type { Conditions } from './conditions.ts';

/**
 * Asks an index for each of several terms, each in a branch of its own: called again for the next row of an `UNWIND`, FalkorDB first
 * gives what a `LIMIT` left over of the call before, so that a usual word's rows stood in the place of a rare word's.
 * @param branch given the parameter that holds the term and its place; the branches have no rows in common
 */
export function eachTerm(terms: readonly string[], branch: (term: string, place: number) => string): Conditions {
  return {
    text: terms.map((_, place) => branch(`$term${place}`, place)).join('\nUNION ALL\n'),
    params: Object.fromEntries(terms.map((term, place) => [`term${place}`, term])),
  };
}

/** For `$most`: no term is too usual. */
export const ANY_NUMBER = 1_000_000_000;

/** Cypher that ends a term's branch: its first `$most` hits, which are bound to `name`, in one list. */
export const collected = (name: string, columns = ''): string => `
       WITH ${name} LIMIT $most RETURN ${columns}collect(${name}) AS hits`;

/**
 * Cypher after such branches: what they found as `name`, with a `score` for each term: the higher the fewer it has. Nothing of
 * terms that have `$most` or more: which of them came first would hang on the index's own order, which is another one
 * in a restored graph, as its own scores are, for it counts what was changed or removed meanwhile. Asked once for all terms,
 * since each step of each branch costs a question 10 µs.
 */
export const unlessUsual = (branches: string, name: string, columns = ''): string => `
     CALL { ${branches} }
     WITH ${columns}hits WHERE size(hits) < $most
     UNWIND hits AS ${name}
     WITH ${columns}${name}, toInteger(1000 * log(1 + 10000.0 / size(hits))) AS score`;
