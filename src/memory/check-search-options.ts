import * as z from 'zod/mini';
import { InvalidInputError } from '../errors.ts';
import { checkShape, flag, objectOf, oneOf } from '../input-shapes.ts';
import type { SearchFilters } from '../search/filters.ts';
import {
  RANKERS,
  type RecipePart,
  recipeFor,
  SEARCH_KINDS,
  SEARCH_METHODS,
  type SearchRecipe,
} from '../search/recipes/recipes.ts';
import type { GraphWalk } from '../search/search-context.ts';
import { isStorableDate } from '../time.ts';
import type { QueryOptions } from './query.ts';

type SearchOptions = Omit<QueryOptions, 'group' | 'cache' | 'asOf' | 'budgetTokens'>;

/** The options of a search other than query, limit and `asOf`: plain data, which is part of the key of the cached answer. */
export interface CheckedSearchOptions {
  readonly recipe: SearchRecipe;
  readonly knownAt?: Date | undefined;
  readonly center?: string | undefined;
  readonly walk?: GraphWalk | undefined;
  readonly filters?: SearchFilters | undefined;
  readonly minScore?: number | undefined;
}

const MOST_TEXTS = 100;
const LONGEST_TEXT = 1000;

const TEXT_REASON = `text of 1 to ${LONGEST_TEXT} characters without NUL`;
const text = z.pipe(
  z.string(TEXT_REASON).check(
    z.maxLength(LONGEST_TEXT, TEXT_REASON),
    z.refine((text) => text.trim() !== '' && !text.includes('\0') && text.isWellFormed(), TEXT_REASON),
  ),
  z.transform((text) => text.trim()),
);
const TEXTS_REASON = `a list of 1 to ${MOST_TEXTS} texts`;
const texts = z.array(text, TEXTS_REASON).check(z.minLength(1, TEXTS_REASON), z.maxLength(MOST_TEXTS, TEXTS_REASON));
const time = z.custom<Date>(isStorableDate, 'a valid Date of the years 0 to 9999');
const timeRange = objectOf<NonNullable<SearchFilters['validAt']>>({ from: time, before: time, isSet: flag });
const LAMBDA_REASON = 'a number from 0 to 1';
const recipePart = objectOf<RecipePart>(
  {
    methods: z.array(oneOf(...SEARCH_METHODS), 'a list'),
    ranker: oneOf(...RANKERS),
    lambda: z.number(LAMBDA_REASON).check(z.minimum(0, LAMBDA_REASON), z.maximum(1, LAMBDA_REASON)),
  },
  ['methods', 'ranker'],
);
const METADATA_REASON = `text of at most ${LONGEST_TEXT} characters, numbers or booleans`;
const metadataValue = z.union(
  [z.string().check(z.maxLength(LONGEST_TEXT, METADATA_REASON)), z.number(), z.boolean()],
  METADATA_REASON,
);

const searchOptions = objectOf<SearchOptions>({
  knownAt: time,
  find: oneOf(...SEARCH_KINDS, 'all'),
  rank: oneOf(...RANKERS),
  recipe: objectOf<SearchRecipe>({
    facts: recipePart,
    entities: recipePart,
    episodes: recipePart,
    communities: recipePart,
    answer: z.literal(true, 'true or left out'),
  }),
  center: text,
  walk: objectOf<GraphWalk>({
    from: texts,
    depth: z.literal([1, 2, 3], '1, 2 or 3'),
    direction: oneOf('both', 'out'),
  }),
  filters: objectOf<SearchFilters>({
    types: texts,
    relations: texts,
    source: text,
    target: text,
    about: text,
    validAt: timeRange,
    invalidAt: timeRange,
    createdAt: timeRange,
    expiredAt: timeRange,
    metadata: z.record(text, metadataValue, {
      error: (issue) => (issue.code === 'invalid_key' ? TEXT_REASON : 'an object'),
    }),
  }),
  minScore: z.number('a number'),
});

/** The subject of the error sentence about an option: `The option walk`, `walk.depth`, `Each of walk.from`. */
function subjectOf({ path, code }: z.core.$ZodIssue): string {
  const [option, ...members] = path;
  if (option === undefined) return 'A query';
  if (members.length === 0) return option === 'knownAt' ? 'The time knownAt' : `The option ${String(option)}`;
  const parent = path.slice(0, -1).join('.');
  if (parent === 'filters.metadata') return code === 'invalid_key' ? `A key of ${parent}` : `Values of ${parent}`;
  return typeof members.at(-1) === 'number' ? `Each of ${parent}` : path.join('.');
}

/** @throws InvalidInputError naming the option */
export function checkSearchOptions(options: SearchOptions): CheckedSearchOptions {
  const { find, rank, recipe: own, walk, ...others } = checkShape(searchOptions, options, subjectOf);
  const recipe = own ?? recipeFor(find, rank);
  if (!recipe) throw new InvalidInputError(`The ranker ${rank} cannot rank ${find}; use another ranker.`);
  const usesDistance = Object.values(recipe).some((ranking) => ranking !== true && ranking?.ranker === 'distance');
  if (usesDistance && others.center === undefined)
    throw new InvalidInputError('The ranker distance needs a center: the name of an entity.');
  return { ...others, recipe: walk ? walking(recipe) : recipe, ...(walk && { walk }) };
}

/** The same recipe, in which facts and entities are also searched along facts. */
function walking(recipe: SearchRecipe): SearchRecipe {
  const withWalk = (kind: NonNullable<SearchRecipe['facts']>) => ({
    ...kind,
    methods: [...new Set([...kind.methods, 'breadth-first' as const])],
  });
  return {
    ...recipe,
    ...(recipe.facts && { facts: withWalk(recipe.facts) }),
    ...(recipe.entities && { entities: withWalk(recipe.entities) }),
  };
}
