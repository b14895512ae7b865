import { InvalidInputError } from '../errors.ts';
import type { Filters } from '../search/filters.ts';
import type { Found } from '../search/found.ts';
import type { Kind, Ranker, Recipe } from '../search/recipes.ts';
import type { Walk } from '../search/sought.ts';
import { checkText } from '../text.ts';
import { checkTime, toGraphTime } from '../time.ts';
import type { GroupOptions } from './options.ts';
import type { Services } from './services.ts';

/** The two times of everything that is remembered. */
export interface TimeOptions extends GroupOptions {
  /** Facts that held at this time instead of now. */
  readonly asOf?: Date;
  /** Facts that were known at this time instead of now; independent of `asOf`. */
  readonly knownAt?: Date;
  /** False: read from the graph even if the answer is cached. */
  readonly cache?: boolean;
}

export interface QueryOptions extends TimeOptions {
  /** What to search for; `all` returns at most `limit` of each kind. Default: facts mixed with passages of episodes. */
  readonly find?: Kind | 'all';
  /** The ranker; default `rrf`. Without `find`, facts are ranked. */
  readonly rank?: Ranker;
  /** A custom recipe instead of `find` and `rank`. */
  readonly recipe?: Recipe;
  /** For the ranker `distance`: the entity from which it measures, by name, alias or uuid. */
  readonly center?: string;
  /** Where to go along the facts; also makes recipes without the method `breadth-first` do so. */
  readonly walk?: Walk;
  readonly filters?: Filters;
  /** Minimum score. */
  readonly minScore?: number;
  /** Only for `queryMemory`: one block within this many tokens, grouped into rules, facts and passages, each with its date and episode. */
  readonly budgetTokens?: number;
}

/** What is remembered under a key of the cache. */
interface SearchQuestion {
  readonly ask: 'search' | 'query_memory';
  readonly query: string;
  readonly limit: number;
  readonly asOf: string | undefined;
}

const MOST = 100;

/**
 * Facts, and what else was asked for, that answer best.
 * @param sources whether to name the episodes from which they were learnt, and the attributes of users' own types
 * @throws InvalidInputError
 */
export async function askFor(
  services: Services,
  searchQuery: string,
  limit: number,
  options: QueryOptions,
  sources = false,
): Promise<Found> {
  const group = services.group(options.group);
  const query = checkText(searchQuery, 'The query').trim();
  if (query === '') throw new InvalidInputError('The query is empty; give the words to look for.');
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST)
    throw new InvalidInputError(`The limit must be a whole number from 1 to ${MOST}.`);
  const { group: _, cache, asOf, budgetTokens, ...others } = options;
  if (budgetTokens !== undefined)
    throw new InvalidInputError('Only queryMemory takes budgetTokens; search gives data.');
  const ask = sources ? 'search' : 'query_memory';
  const question: SearchQuestion = { ask, query, limit, asOf: checkedTime(asOf, 'asOf') };
  // Plain questions, which are most, are answered from the cache without loading what checks the others.
  const chosen = isPlain(others) ? undefined : (await import('./search-options.ts')).checkOptions(others);
  const reader = await services.reader();
  const find = async (recipe: Recipe) => {
    const [graphs, embedder, { search }] = await Promise.all([
      services.graphs(),
      services.embedder(),
      import('../search/search.ts'),
    ]);
    const graph = graphs.group(group);
    const parts = { graph, embedder, languageModel: services.languageModel };
    const found = await search(parts, query, { ...chosen, recipe, limit, asOf, sources });
    return sources ? (await import('../search/attributes.ts')).withAttributes(graph, found) : found;
  };
  const answered = reader.answer(
    group,
    { ...question, ...chosen },
    async () => find(chosen?.recipe ?? (await import('../search/recipes.ts')).RECIPES.default),
    { useCache: cache, isAnswer: isFound, ...(asOf === undefined && { changesAt: changesAt(services, group) }) },
  );
  try {
    return await answered;
  } catch (error) {
    if ((error as Error).name !== 'EmbedderMismatchError') throw error;
    const { byWords, RECIPES } = await import('../search/recipes.ts');
    const recipe = byWords(chosen?.recipe ?? RECIPES.default);
    if (!recipe) throw error;
    services.notice(`${(error as Error).message} Until then queries use words only.`);
    // Not into the cache, from which those who have the right embedder take their answers.
    return find(recipe);
  }
}

/** What a search gives, as far as it can be told from something else. */
export function isFound(kept: object): boolean {
  const { facts, episodes, passages = [] } = kept as Partial<Found>;
  return Array.isArray(facts) && Array.isArray(episodes) && Array.isArray(passages);
}

/** When a fact of the group begins or ends, which changes what holds at the present. */
export function changesAt(services: Services, group: string) {
  return async (since: Date, until: Date): Promise<Date | undefined> => {
    const [graphs, { nextBoundary }] = await Promise.all([services.graphs(), import('../graph/queries/meta.ts')]);
    return nextBoundary(graphs.group(group), since, until);
  };
}

const isPlain = (options: object): boolean => Object.values(options).every((value) => value === undefined);

/** A time in the graph's format. @throws InvalidInputError */
export function checkedTime(time: Date | undefined, name: string): string | undefined {
  return time && toGraphTime(checkTime(time, `The time ${name}`));
}
