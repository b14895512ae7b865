import type { Filters } from '../search/filters.ts';
import type { Kind, Ranker, Recipe } from '../search/recipes.ts';
import type { Walk } from '../search/sought.ts';
import type { GroupOptions } from './options.ts';

/** The two times of everything that is remembered. */
export interface TimeOptions extends GroupOptions {
  /** What held at this time instead of now. */
  readonly asOf?: Date;
  /** What was known at this time instead of now; independent of `asOf`. */
  readonly knownAt?: Date;
  /** False asks the graph also when the answer is cached. */
  readonly cache?: boolean;
}

export interface QueryOptions extends TimeOptions {
  /** What is looked for; `all` gives at most `limit` of each kind. Default: facts mixed with raw episodes. */
  readonly find?: Kind | 'all';
  /** How it is put in order; default `rrf`. Without `find` it is facts. */
  readonly rank?: Ranker;
  /** A recipe of one's own instead of `find` and `rank`. */
  readonly recipe?: Recipe;
  /** For the ranker `distance`: the entity from which it counts, by name, alias or uuid. */
  readonly center?: string;
  /** Where to go along the facts; also makes recipes without the method `breadth-first` do so. */
  readonly walk?: Walk;
  readonly filters?: Filters;
  /** Leaves out what scores less. */
  readonly minScore?: number;
  /** Only of `queryMemory`: one block of at most so many tokens, grouped into rules, facts and passages, each with its date and episode. */
  readonly budgetTokens?: number;
}
