/** What can be found. */
export type SearchKind = 'facts' | 'entities' | 'episodes' | 'communities';
export const SEARCH_KINDS = ['facts', 'entities', 'episodes', 'communities'] as const satisfies readonly SearchKind[];

/** How it is found. `neighbours`: facts about the entities that the query names. `breadth-first`: along facts from the hits. */
export type SearchMethod = 'words' | 'vector' | 'neighbours' | 'breadth-first';
export const SEARCH_METHODS = [
  'words',
  'vector',
  'neighbours',
  'breadth-first',
] as const satisfies readonly SearchMethod[];

/** How results are ordered. */
export type Ranker = 'rrf' | 'mmr' | 'distance' | 'mentions' | 'cross-encoder';
/** Whether a ranker compares vectors: then a search needs the query's, and without vectors `rrf` takes its place. */
export const COMPARES_VECTORS: Readonly<Record<Ranker, boolean>> = {
  rrf: false,
  mmr: true,
  distance: false,
  mentions: false,
  'cross-encoder': false,
};
export const RANKERS = Object.keys(COMPARES_VECTORS) as readonly Ranker[];

export interface RecipePart {
  readonly methods: readonly SearchMethod[];
  readonly ranker: Ranker;
  /** For `mmr`: from 0, variety alone, to 1, relevance alone; default 0.5. */
  readonly lambda?: number;
}

/** What to find, by which methods, and in which order. */
export interface SearchRecipe {
  readonly facts?: RecipePart;
  readonly entities?: RecipePart;
  readonly episodes?: RecipePart;
  readonly communities?: RecipePart;
  /** Passages and facts as one list (`answer.ts`), by the methods of `facts`. */
  readonly answer?: true;
}

const part = (ranker: Ranker, ...methods: SearchMethod[]): RecipePart => ({ methods, ranker });

const facts = (ranker: Ranker) => part(ranker, 'words', 'vector', 'neighbours');
const entities = (ranker: Ranker) => part(ranker, 'words', 'vector');
const communities = (ranker: Ranker) => part(ranker, 'words', 'vector');
const episodes = (ranker: Ranker) => part(ranker, 'words');
/** As in Graphiti, the most thorough ranker also gets the most candidates. */
const judged = part('cross-encoder', 'words', 'vector', 'breadth-first');
const judgedFacts = part('cross-encoder', 'words', 'vector', 'neighbours', 'breadth-first');

/**
 * Named `<what>` or `<what>-<ranker>`. A kind that the ranker cannot order is ordered by reciprocal rank fusion: episodes have no vectors, and
 * only entities and facts have a distance. A limit counts for each kind. Recipes are frozen: in Graphiti a search with another limit changes
 * the recipe for every later search.
 */
export const RECIPES = deepFreeze({
  default: { facts: facts('rrf'), answer: true },
  facts: { facts: facts('rrf') },
  'facts-mmr': { facts: facts('mmr') },
  'facts-distance': { facts: facts('distance') },
  'facts-mentions': { facts: facts('mentions') },
  'facts-cross-encoder': { facts: judgedFacts },
  entities: { entities: entities('rrf') },
  'entities-mmr': { entities: entities('mmr') },
  'entities-distance': { entities: entities('distance') },
  'entities-mentions': { entities: entities('mentions') },
  'entities-cross-encoder': { entities: judged },
  episodes: { episodes: episodes('rrf') },
  'episodes-cross-encoder': { episodes: episodes('cross-encoder') },
  communities: { communities: communities('rrf') },
  'communities-mmr': { communities: communities('mmr') },
  'communities-cross-encoder': { communities: communities('cross-encoder') },
  all: everything('rrf'),
  'all-mmr': { ...everything('mmr'), communities: communities('mmr') },
  'all-distance': everything('distance'),
  'all-mentions': everything('mentions'),
  'all-cross-encoder': {
    facts: judgedFacts,
    entities: judged,
    episodes: episodes('cross-encoder'),
    communities: communities('cross-encoder'),
  },
} as const satisfies Record<string, SearchRecipe>);

export type RecipeName = keyof typeof RECIPES;

/** The recipe for a kind and a ranker; undefined if the two cannot be combined. */
export function recipeFor(find: SearchKind | 'all' | undefined, rank: Ranker | undefined): SearchRecipe | undefined {
  if (find === undefined && rank === undefined) return RECIPES.default;
  const name = `${find ?? 'facts'}${rank && rank !== 'rrf' ? `-${rank}` : ''}`;
  return Object.hasOwn(RECIPES, name) ? RECIPES[name as RecipeName] : undefined;
}

/** The same recipe by words only; undefined if nothing is left. */
export function wordsOnlyRecipe({ answer, ...parts }: SearchRecipe): SearchRecipe | undefined {
  const kinds = Object.entries(parts).filter(([, { methods }]) => methods.includes('words'));
  const left = kinds.map(([kind, { ranker, ...rest }]) => [
    kind,
    { ...rest, methods: ['words'], ranker: COMPARES_VECTORS[ranker] ? 'rrf' : ranker },
  ]);
  return left.length > 0 ? { ...(Object.fromEntries(left) as SearchRecipe), ...(answer && { answer }) } : undefined;
}

function deepFreeze<T extends object>(data: T): T {
  for (const inner of Object.values(data)) if (typeof inner === 'object') deepFreeze(inner);
  return Object.freeze(data);
}

function everything(ranker: Ranker): SearchRecipe {
  return {
    facts: facts(ranker),
    entities: entities(ranker),
    episodes: episodes('rrf'),
    communities: communities('rrf'),
  };
}
