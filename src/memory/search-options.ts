import * as z from 'zod/mini';
import { InvalidInputError } from '../errors.ts';
import type { Filters } from '../search/filters.ts';
import { KINDS, METHODS, RANKERS, type Recipe, recipeFor } from '../search/recipes.ts';
import type { Walk } from '../search/sought.ts';
import { unknownMember } from '../strict.ts';
import type { QueryOptions } from './query.ts';

const MOST = 100;
const LONGEST = 1000;

/** What a search is given beside query, limit and `asOf`: plain data, which also stands in the key of the cached answer. */
export interface Chosen {
  readonly recipe: Recipe;
  readonly knownAt?: Date | undefined;
  readonly center?: string | undefined;
  readonly walk?: Walk | undefined;
  readonly filters?: Filters | undefined;
  readonly minScore?: number | undefined;
}

const known = (what: string) => ({
  error: (issue: { code: string; keys?: readonly string[]; inst?: { _zod: { def: object } } }) => {
    if (issue.code !== 'unrecognized_keys') return `${what} must be an object.`;
    const { shape = {} } = (issue.inst?._zod.def ?? {}) as { readonly shape?: object };
    return unknownMember(what, issue.keys?.[0] ?? '', Object.keys(shape));
  },
});
const oneOf = <const T extends string>(names: readonly T[], what: string) =>
  z.enum(names, `${what} must be ${names.slice(0, -1).join(', ')} or ${names.at(-1)}.`);
const text = (what: string) => {
  const reason = `${what} must be text of 1 to ${LONGEST} characters without NUL.`;
  const fits = (text: string) => text.trim() !== '' && !text.includes('\0') && text.isWellFormed();
  return z.pipe(
    z.string(reason).check(z.maxLength(LONGEST, reason), z.refine(fits, reason)),
    z.transform((given) => given.trim()),
  );
};
const texts = (what: string) => {
  const reason = `${what} must be a list of 1 to ${MOST} texts.`;
  return z.array(text(`Each of ${what}`), reason).check(z.minLength(1, reason), z.maxLength(MOST, reason));
};
const time = (what: string) =>
  z.custom<Date>(
    (given) => given instanceof Date && !Number.isNaN(given.getTime()) && /^\d{4}-/.test(given.toISOString()),
    `${what} must be a valid Date of the years 0 to 9999.`,
  );
const dates = (what: string) =>
  z.strictObject(
    {
      from: z.optional(time(`${what}.from`)),
      before: z.optional(time(`${what}.before`)),
      isSet: z.optional(z.boolean(`${what}.isSet must be true or false.`)),
    },
    known(what),
  );
const part = (what: string) =>
  z.strictObject(
    {
      methods: z.array(oneOf(METHODS, `Each of ${what}.methods`), `${what}.methods must be a list.`),
      ranker: oneOf(RANKERS, `${what}.ranker`),
      lambda: z.optional(
        z
          .number(`${what}.lambda must be a number from 0 to 1.`)
          .check(
            z.minimum(0, `${what}.lambda must be a number from 0 to 1.`),
            z.maximum(1, `${what}.lambda must be a number from 0 to 1.`),
          ),
      ),
    },
    known(what),
  );
const scalar = z.union(
  [z.string().check(z.maxLength(LONGEST)), z.number(), z.boolean()],
  'Values of filters.metadata must be text, numbers or booleans.',
);

const shape = z.strictObject(
  {
    knownAt: z.optional(time('The time knownAt')),
    find: z.optional(oneOf([...KINDS, 'all'], 'The option find')),
    rank: z.optional(oneOf(RANKERS, 'The option rank')),
    recipe: z.optional(
      z.strictObject(
        {
          ...Object.fromEntries(KINDS.map((kind) => [kind, z.optional(part(`recipe.${kind}`))])),
          answer: z.optional(z.literal(true, 'recipe.answer must be true or left out.')),
        },
        known('The option recipe'),
      ),
    ),
    center: z.optional(text('The option center')),
    walk: z.optional(
      z.strictObject(
        {
          from: z.optional(texts('walk.from')),
          depth: z.optional(z.literal([1, 2, 3], 'walk.depth must be 1, 2 or 3.')),
          direction: z.optional(oneOf(['both', 'out'], 'walk.direction')),
        },
        known('The option walk'),
      ),
    ),
    filters: z.optional(
      z.strictObject(
        {
          types: z.optional(texts('filters.types')),
          relations: z.optional(texts('filters.relations')),
          source: z.optional(text('filters.source')),
          target: z.optional(text('filters.target')),
          about: z.optional(text('filters.about')),
          validAt: z.optional(dates('filters.validAt')),
          invalidAt: z.optional(dates('filters.invalidAt')),
          createdAt: z.optional(dates('filters.createdAt')),
          expiredAt: z.optional(dates('filters.expiredAt')),
          metadata: z.optional(z.record(text('A key of filters.metadata'), scalar, known('filters.metadata'))),
        },
        known('The option filters'),
      ),
    ),
    minScore: z.optional(z.number('The option minScore must be a number.')),
  },
  known('A query'),
);

/** @throws InvalidInputError naming the option */
export function checkOptions(options: Omit<QueryOptions, 'group' | 'cache' | 'asOf' | 'budgetTokens'>): Chosen {
  const parsed = shape.safeParse(options);
  if (!parsed.success) throw new InvalidInputError(parsed.error.issues[0]?.message ?? 'The options cannot be used.');
  const { find, rank, recipe: own, walk, ...others } = parsed.data;
  const recipe = (own as Recipe | undefined) ?? recipeFor(find, rank);
  if (!recipe) throw new InvalidInputError(`The ranker ${rank} cannot rank ${find}; use another ranker.`);
  const usesDistance = Object.values(recipe).some((ranking) => ranking !== true && ranking?.ranker === 'distance');
  if (usesDistance && others.center === undefined)
    throw new InvalidInputError('The ranker distance needs a center: the name of an entity.');
  return { ...others, recipe: walk ? walking(recipe) : recipe, ...(walk && { walk }) } as Chosen;
}

/** The same recipe with facts and entities also looked for along facts. */
function walking(recipe: Recipe): Recipe {
  const withWalk = (kind: NonNullable<Recipe['facts']>) => ({
    ...kind,
    methods: [...new Set([...kind.methods, 'breadth-first' as const])],
  });
  return {
    ...recipe,
    ...(recipe.facts && { facts: withWalk(recipe.facts) }),
    ...(recipe.entities && { entities: withWalk(recipe.entities) }),
  };
}
