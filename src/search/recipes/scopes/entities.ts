import { type EntityFilter, passesEntityFilter } from '../../../graph/queries/filter-conditions.ts';
import {
  type EntityRow,
  entitiesByUuid,
  entityEpisodes,
  scanEntities,
  searchEntitiesByVector,
  searchEntitiesByWords,
} from '../../../graph/queries/search-entities.ts';
import { type SearchContext, withMetadata } from '../../search-context.ts';
import { walkFrom } from '../../walk.ts';
import type { SearchMethod } from '../recipes.ts';
import { MAX_FETCHED, searchWidening } from '../widening.ts';

/** How many of the best hits a walk begins at. */
const ORIGINS = 10;

/**
 * The candidates of each method, best first. An entity passes the filter if its type and its first day do, and, for a filter on facts,
 * if one of its facts does. A filter on metadata is tested on the episodes that mention the entity.
 */
export async function findEntities(context: SearchContext, methods: readonly SearchMethod[]): Promise<EntityRow[][]> {
  const filter = entityFilter(context);
  const lists = await Promise.all([
    methods.includes('words') ? byWords(context, filter) : [],
    methods.includes('vector') ? nearest(context, filter) : [],
  ]);
  if (!methods.includes('breadth-first')) return lists;
  const hits = lists.flatMap((list) => list.slice(0, ORIGINS)).map(({ uuid }) => uuid);
  const { entities } = await walkFrom(context, context.walk.from ?? hits, {});
  const reached = await entitiesByUuid(context.graph, entities, filter);
  return [...lists, (await passing(context, filter, reached)).slice(0, context.candidates)];
}

export function entityFilter({ moment, mentionedBefore, filter: { fact } }: SearchContext): EntityFilter {
  const { types, dates = [], ...rest } = fact;
  const created = dates.find(({ field }) => field === 'createdAt');
  const others = dates.filter(({ field }) => field !== 'createdAt');
  const ofFacts = { ...rest, ...(others.length > 0 && { dates: others }) };
  return {
    ...(moment.knownAt && { knownAt: moment.knownAt }),
    ...(mentionedBefore && { asOf: mentionedBefore }),
    ...(types && { types }),
    ...(created && { created }),
    ...(Object.keys(ofFacts).length > 0 && { fact: ofFacts }),
  };
}

function byWords(context: SearchContext, filter: EntityFilter): Promise<EntityRow[]> {
  const { graph, names, candidates } = context;
  if (names.length === 0) return Promise.resolve([]);
  const { types: _, ...postFilters } = filter;
  return searchWidening({
    fetch: (count, most) => searchEntitiesByWords(graph, names, filter, count, most),
    passing: (rows) => passing(context, filter, rows),
    limit: candidates,
    isFiltered: Object.keys(postFilters).length > 0,
  });
}

async function nearest(context: SearchContext, filter: EntityFilter): Promise<EntityRow[]> {
  const { graph, vector, candidates } = context;
  const isFiltered = Object.keys(filter).length > 0 || context.filter.metadata.length > 0;
  const kept = await passing(context, filter, await searchEntitiesByVector(graph, vector, filter, candidates));
  if (!isFiltered || kept.length >= candidates / 2) return kept;
  const all = await scanEntities(graph, vector, filter, MAX_FETCHED);
  return (await passing(context, filter, all)).slice(0, candidates);
}

async function passing(context: SearchContext, filter: EntityFilter, rows: EntityRow[]): Promise<EntityRow[]> {
  const fitting = rows.filter((row) => passesEntityFilter(row, filter));
  if (context.filter.metadata.length === 0 || fitting.length === 0) return fitting;
  const episodes = await entityEpisodes(
    context.graph,
    fitting.map(({ uuid }) => uuid),
  );
  return withMetadata(context, fitting, ({ uuid }) => episodes.get(uuid) ?? []);
}
