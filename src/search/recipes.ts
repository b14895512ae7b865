/** What can be found. */
export const KINDS = ['facts', 'entities', 'episodes', 'communities'] as const;
export type Kind = (typeof KINDS)[number];

/** How it is found. `neighbours`: facts about the entities that the query names. `breadth-first`: along facts from the hits. */
export const METHODS = ['words', 'vector', 'neighbours', 'breadth-first'] as const;
export type Method = (typeof METHODS)[number];

/** How what was found is put in order. */
export const RANKERS = ['rrf', 'mmr', 'distance', 'mentions', 'cross-encoder'] as const;
export type Ranker = (typeof RANKERS)[number];

export interface Part {
  readonly methods: readonly Method[];
  readonly ranker: Ranker;
  /** For `mmr`: from 0, variety alone, to 1, relevance alone; default 0.5. */
  readonly lambda?: number;
}

/** What is looked for, how, and in which order it comes. */
export interface Recipe {
  readonly facts?: Part;
  readonly entities?: Part;
  readonly episodes?: Part;
  readonly communities?: Part;
  /** Passages and facts as one list (`answer.ts`), by the methods of `facts`. */
  readonly answer?: true;
}

const part = (ranker: Ranker, ...methods: Method[]): Part => ({ methods, ranker });

const facts = (ranker: Ranker) => part(ranker, 'words', 'vector', 'neighbours');
const entities = (ranker: Ranker) => part(ranker, 'words', 'vector');
const communities = (ranker: Ranker) => part(ranker, 'words', 'vector');
const episodes = (ranker: Ranker) => part(ranker, 'words');
/** As in Graphiti, the most thorough order also gets the most candidates. */
const judged = part('cross-encoder', 'words', 'vector', 'breadth-first');
const judgedFacts = part('cross-encoder', 'words', 'vector', 'neighbours', 'breadth-first');

/**
 * Named `<what>` or `<what>-<ranker>`. Of everything, what a ranker cannot order (episodes have no vectors, only entities and
 * facts lie at a distance) comes by reciprocal rank fusion. A limit counts for each kind. They are never changed: in Graphiti
 * a search with another limit changes them for every later search.
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
} as const satisfies Record<string, Recipe>);

export type RecipeName = keyof typeof RECIPES;

/** The recipe for a kind and a ranker; undefined where the two do not go together. */
export function recipeFor(find: Kind | 'all' | undefined, rank: Ranker | undefined): Recipe | undefined {
  if (find === undefined && rank === undefined) return RECIPES.default;
  const name = `${find ?? 'facts'}${rank && rank !== 'rrf' ? `-${rank}` : ''}`;
  return Object.hasOwn(RECIPES, name) ? RECIPES[name as RecipeName] : undefined;
}

/** The same by words alone; undefined where nothing is left. */
export function byWords({ answer, ...parts }: Recipe): Recipe | undefined {
  const kinds = Object.entries(parts).filter(([, { methods }]) => methods.includes('words'));
  const left = kinds.map(([kind, { ranker, ...rest }]) => [
    kind,
    { ...rest, methods: ['words'], ranker: ranker === 'mmr' ? 'rrf' : ranker },
  ]);
  return left.length > 0 ? { ...(Object.fromEntries(left) as Recipe), ...(answer && { answer }) } : undefined;
}

function deepFreeze<T extends object>(data: T): T {
  for (const inner of Object.values(data)) if (typeof inner === 'object') deepFreeze(inner);
  return Object.freeze(data);
}

function everything(ranker: Ranker): Recipe {
  return {
    facts: facts(ranker),
    entities: entities(ranker),
    episodes: episodes('rrf'),
    communities: communities('rrf'),
  };
}
