import type { Conditions } from './fact-conditions.ts';

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

/**
 * Cypher after a `YIELD … [WHERE …]` that returns what is bound to `name`, with a `score` for the term: the higher the fewer it
 * has. Nothing where it has `$most` or more: which of them came first would hang on the index's own order, which is another one
 * in a restored graph, as its own scores are, for it counts what was changed or removed meanwhile.
 */
export const unlessUsual = (name: string, columns = ''): string => `
       WITH ${name} LIMIT $most
       WITH collect(${name}) AS hits WHERE size(hits) < $most
       UNWIND hits AS ${name}
       RETURN ${columns}${name}, toInteger(1000 * log(1 + 10000.0 / size(hits))) AS score`;
