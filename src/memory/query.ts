import { InvalidInputError, isFailure } from '../errors.ts';
import { bulletList } from '../reader/format.ts';
import type { SearchFilters } from '../search/filters.ts';
import type { Ranker, SearchKind, SearchRecipe } from '../search/recipes/recipes.ts';
import type { FoundItems } from '../search/results.ts';
import type { GraphWalk } from '../search/search-context.ts';
import { checkText } from '../text.ts';
import { checkTime, toGraphTime } from '../time.ts';
import type { GroupOptions } from './options.ts';
import { nextChange, type Services } from './services.ts';

/** The two times of every fact: when it held, and when it was known. */
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
  readonly find?: SearchKind | 'all';
  /** The ranker; default `rrf`. Without `find`, facts are ranked. */
  readonly rank?: Ranker;
  /** A custom recipe instead of `find` and `rank`. */
  readonly recipe?: SearchRecipe;
  /** For the ranker `distance`: the entity from which it measures, by name, alias or uuid. */
  readonly center?: string;
  /** Where to follow facts from; adds the method `breadth-first` to recipes that lack it. */
  readonly walk?: GraphWalk;
  readonly filters?: SearchFilters;
  /** Minimum score. */
  readonly minScore?: number;
  /** Only for `queryMemory`: one block within this many tokens, grouped into rules, facts and passages, each with its date and episode. */
  readonly budgetTokens?: number;
}

/** The part of a question that identifies its cached answer. */
interface SearchQuestion {
  readonly ask: 'search' | 'query_memory';
  readonly query: string;
  readonly limit: number;
  readonly asOf: string | undefined;
}

const MOST = 100;

/**
 * The best results of a search: facts, and the other kinds that the options name.
 * @param sources    true to add the source episodes and the attributes of users' own types
 * @param isReadOnly true if the caller changes nothing in the results
 * @throws InvalidInputError
 */
export async function runQuery(
  services: Services,
  searchQuery: string,
  limit: number,
  options: QueryOptions,
  sources = false,
  isReadOnly = false,
): Promise<FoundItems> {
  const group = services.group(options.group);
  const query = checkText(searchQuery, 'The query').trim();
  if (query === '') throw new InvalidInputError('The query is empty; give the words to look for.');
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST)
    throw new InvalidInputError(`The limit must be a whole number from 1 to ${MOST}.`);
  const { group: _, cache, asOf, budgetTokens, ...others } = options;
  if (budgetTokens !== undefined)
    throw new InvalidInputError('Only queryMemory takes budgetTokens; search gives data.');
  const ask = sources ? 'search' : 'query_memory';
  const question: SearchQuestion = { ask, query, limit, asOf: toCheckedGraphTime(asOf, 'asOf') };
  // Most questions have no further options. They are answered from the cache without loading the module that checks options.
  const chosen = isPlain(others) ? undefined : (await import('./check-search-options.ts')).checkSearchOptions(others);
  const reader = await services.reader();
  const find = async (recipe: SearchRecipe) => {
    const [graphs, embedder, { search }] = await Promise.all([
      services.graphs(),
      services.embedder(),
      import('../search/search.ts'),
    ]);
    const graph = graphs.group(group);
    const parts = { graph, embedder, languageModel: services.languageModel };
    const found = await search(parts, query, { ...chosen, recipe, limit, asOf, sources });
    return sources ? (await import('../search/sources.ts')).withAttributes(graph, found) : found;
  };
  const answered = reader.read(
    group,
    { ...question, ...chosen },
    async () => find(chosen?.recipe ?? (await import('../search/recipes/recipes.ts')).RECIPES.default),
    {
      useCache: cache,
      isReadOnly,
      isUsable: isSearchResult,
      ...(asOf === undefined && { changesAt: nextChange(services, group) }),
    },
  );
  try {
    return await answered;
  } catch (error) {
    if (!isFailure(error, 'EmbedderMismatchError')) throw error;
    const { wordsOnlyRecipe, RECIPES } = await import('../search/recipes/recipes.ts');
    const recipe = wordsOnlyRecipe(chosen?.recipe ?? RECIPES.default);
    if (!recipe) throw error;
    services.notice(`${error.message} Until then queries use words only.`);
    // Not cached: programs with the right embedder read their answers from the cache.
    return find(recipe);
  }
}

/** Whether a cached value has the shape of search results. */
export function isSearchResult(kept: object): boolean {
  const { facts, episodes, passages = [] } = kept as Partial<FoundItems>;
  return Array.isArray(facts) && Array.isArray(episodes) && Array.isArray(passages);
}

const isPlain = (options: object): boolean => Object.values(options).every((value) => value === undefined);

/** A time in the graph's format. @throws InvalidInputError */
export function toCheckedGraphTime(time: Date | undefined, name: string): string | undefined {
  return time && toGraphTime(checkTime(time, `The time ${name}`));
}

const DEFAULT_LIMIT = 5;

/** The answer as text: bullets, best first, or one block within a budget. @throws InvalidInputError */
export async function queryAsText(
  services: Services,
  query: string,
  limit: number | undefined,
  options: QueryOptions,
): Promise<string> {
  if (options.budgetTokens !== undefined) return queryAsBlock(services, query, limit, options);
  const most = limit ?? DEFAULT_LIMIT;
  const found = await runQuery(services, query, most, options, false, true);
  const text = texts.get(found) ?? bulletList(found, most);
  texts.set(found, text);
  return text;
}

/** Of results that are given again while their cached answer holds. The limit is part of the question, so it is the same each time. */
const texts = new WeakMap<FoundItems, string>();

/** The budget limits the block; more results would not fit. */
const MOST_IN_BLOCK = 30;

/**
 * The answer as one block of at most `budgetTokens`: the user's rules that share a word with the question, facts, and passages, each line
 * with its date and episode. With `asOf` there are no rules, since rules are those of the present.
 * @throws InvalidInputError
 */
async function queryAsBlock(
  services: Services,
  query: string,
  limit: number | undefined,
  { budgetTokens = 0, ...options }: QueryOptions,
): Promise<string> {
  if (!Number.isInteger(budgetTokens) || budgetTokens < 50 || budgetTokens > 100_000)
    throw new InvalidInputError('budgetTokens must be a whole number from 50 to 100,000.');
  if (options.find !== undefined && options.find !== 'facts')
    throw new InvalidInputError(
      'A token budget works only for facts and passages; leave out the budget, or the other kinds to find.',
    );
  // Loaded here: a cached answer without a budget is read in a few milliseconds, and these files load the graph's queries.
  const [{ answerSections, renderAnswersOrNone, rulesAbout }, { briefingOf }] = await Promise.all([
    import('./answer-block.ts'),
    import('./briefing.ts'),
  ]);
  const isOfNow = options.asOf === undefined && options.knownAt === undefined;
  const [found, briefing] = await Promise.all([
    runQuery(services, query, limit ?? MOST_IN_BLOCK, options, true),
    isOfNow ? briefingOf(services, services.group(options.group), options.cache) : undefined,
  ]);
  const rules = rulesAbout(query, briefing);
  return renderAnswersOrNone([answerSections({ ...found, rules }, budgetTokens, isOfNow)], budgetTokens);
}
