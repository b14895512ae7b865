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
