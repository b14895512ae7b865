import { EmbedderMismatchError, InvalidInputError, isOperationalError } from '../errors.ts';
import { nameTerms, searchTerms } from '../graph/fulltext.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { findEntitiesByName } from '../graph/queries/entities.ts';
import { expiredEpisodes } from '../graph/queries/episodes.ts';
import { instant, timesAsKnown } from '../graph/queries/time-conditions.ts';
import type { Embedder } from '../models/embedder.ts';
import type { LanguageModel } from '../models/language-model.ts';
import { oneLine, truncated } from '../text.ts';
import { findAnswer } from './answer/answer.ts';
import { withCurrentText } from './answer/outdated/current-content.ts';
import { foundWithCurrentSummaries } from './answer/outdated/current-summaries.ts';
import { topicOf } from './answer/question/question-subject.ts';
import { withoutExpired } from './expired.ts';
import { filtersByEnd, metadataCheck, resolveFilters, type SearchFilters } from './filters.ts';
import { findByRecipe } from './recipes/find-by-recipe.ts';
import { COMPARES_VECTORS, RECIPES, type SearchRecipe } from './recipes/recipes.ts';
import type { FoundItems } from './results.ts';
import type { GraphWalk, SearchContext } from './search-context.ts';
import { withSources } from './sources.ts';

export { RECIPES };

export interface SearchOptions {
  /** Of each kind; of a mixed recipe altogether. */
  readonly limit: number;
  readonly recipe: SearchRecipe;
  /** Only what held at this time; default now. */
  readonly asOf?: Date | undefined;
  /** Only what was known at this time; default now. */
  readonly knownAt?: Date | undefined;
  readonly filters?: SearchFilters | undefined;
  /** From which entity distances count: its name, alias or uuid. */
  readonly center?: string | undefined;
  readonly walk?: GraphWalk | undefined;
  /** Minimum score. */
  readonly minScore?: number | undefined;
  /** Also names the episodes from which facts and entities were learned. */
  readonly sources?: boolean | undefined;
}

export interface SearchParts {
  readonly graph: GroupGraph;
  readonly embedder: Embedder;
  /** Only called for a recipe that ranks with it. */
  readonly languageModel: () => Promise<LanguageModel>;
}

/**
 * Finds what a recipe says: each method gives its candidates, a ranker puts them in order.
 * @throws EmbedderMismatchError, StoreUnreachableError, and of the models ModelFailedError, ModelBusyError, UnusableReplyError, ConfigError
 */
export async function search(parts: SearchParts, query: string, options: SearchOptions): Promise<FoundItems> {
  const { graph, embedder } = parts;
  const { recipe } = options;
  // Words that only ask for what is known would count as words that the memory does not have.
  const topic = recipe.answer ? topicOf(query) : query;
  const [vector, isSearchable] = await Promise.all([
    needsVector(recipe) ? embedder.embed([oneLine(topic)]).then(([first = []]) => first) : [],
    isSearchableBy(graph, embedder, recipe),
  ]);
  if (!isSearchable) return emptyFor(recipe);
  try {
    return await searchBy(parts, query, topic, vector, options);
  } catch (error) {
    // The graph's embedder may have changed since it was checked; its vectors cannot be compared with ours then.
    if (!isOperationalError(error) && needsVector(recipe)) await graph.checkNow(embedder);
    throw error;
  }
}

/** Where no vector is compared it does not matter who made those that are there. */
async function isSearchableBy(graph: GroupGraph, embedder: Embedder, recipe: SearchRecipe): Promise<boolean> {
  try {
    return await graph.check(embedder);
  } catch (error) {
    if (error instanceof EmbedderMismatchError && !needsVector(recipe)) return true;
    throw error;
  }
}

async function searchBy(
  parts: SearchParts,
  asked: string,
  query: string,
  vector: number[],
  options: SearchOptions,
): Promise<FoundItems> {
  const { graph } = parts;
  const { recipe, limit, minScore } = options;
  const expired = expiredEpisodes(graph, new Date());
  expired.catch(() => {});
  const context = await searchContext(graph, query, vector, options);
  const found = recipe.answer
    ? await findAnswer(context, recipe.facts?.methods ?? [], limit, asked)
    : await findByRecipe(context, recipe, {
        limit,
        center: options.center === undefined ? [] : await uuidsOf(graph, options.center),
        scorePassages: async (text, passages) => (await (await parts.languageModel()).score(text, passages)).scores,
      });
  // An answer's facts were looked at while its passages were read.
  const current = recipe.answer
    ? found
    : await foundWithCurrentSummaries(graph, await withCurrentText(graph, found, context.moment), context.moment);
  const known = { ...current, facts: current.facts.map((fact) => timesAsKnown(fact, context.moment)) };
  const shown = await withoutExpired(graph, known, await expired);
  const kept = minScore === undefined ? shown : withScore(shown, minScore);
  return options.sources ? withSources(graph, kept) : kept;
}

export async function searchContext(
  graph: GroupGraph,
  query: string,
  vector: number[],
  options: SearchOptions,
): Promise<SearchContext> {
  const { asOf, knownAt, limit, filters, walk = {} } = options;
  const filter = filters ? await resolveFilters(graph, filters) : { fact: {}, metadata: [] };
  const terms = searchTerms(query);
  return {
    graph,
    query,
    terms,
    names: terms.length > 0 ? nameTerms(query) : [],
    vector,
    moment: {
      asOf: instant(asOf ?? new Date()),
      ...(knownAt && { knownAt: instant(knownAt) }),
      ...(filtersByEnd(filter.fact) && { alsoEnded: true }),
    },
    mentionedBefore: asOf && instant(asOf),
    filter,
    passesMetadata: metadataCheck(graph, filter.metadata),
    walk,
    candidates: Math.max(2 * limit, 20),
  };
}

function needsVector({ answer: _, ...parts }: SearchRecipe): boolean {
  return Object.values(parts).some(
    ({ methods, ranker }) => COMPARES_VECTORS[ranker] || methods.some((method) => method !== 'words'),
  );
}

/** @throws InvalidInputError when nothing is called so */
async function uuidsOf(graph: GroupGraph, name: string): Promise<string[]> {
  const entities = await findEntitiesByName(graph, [name]);
  if (entities.length > 0) return entities.map(({ uuid }) => uuid);
  throw new InvalidInputError(`There is no entity "${truncated(name, 60)}" from which to measure distances.`);
}

function emptyFor({ answer, entities, communities }: SearchRecipe): FoundItems {
  return {
    facts: [],
    episodes: [],
    ...(answer && { passages: [] }),
    ...(entities && { entities: [] }),
    ...(communities && { communities: [] }),
  };
}

function withScore({ facts, episodes, passages, entities, communities }: FoundItems, minScore: number): FoundItems {
  const enough = ({ score }: { score: number }) => score >= minScore;
  return {
    facts: facts.filter(enough),
    episodes: episodes.filter(enough),
    ...(passages && { passages: passages.filter(enough) }),
    ...(entities && { entities: entities.filter(enough) }),
    ...(communities && { communities: communities.filter(enough) }),
  };
}
