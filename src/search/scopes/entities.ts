import { type EntityFilter, entityFits } from '../../graph/queries/conditions.ts';
import {
  type EntityRow,
  entitiesByUuid,
  entityEpisodes,
  searchEntitiesByVector,
  searchEntitiesByWords,
  searchEntitiesOneByOne,
} from '../../graph/queries/search-entities.ts';
import { gather, WIDEST } from '../gather.ts';
import type { Method } from '../recipes.ts';
import { type Sought, told } from '../sought.ts';
import { walkFrom } from '../walk.ts';

/** How many of the best hits a walk begins at. */
const ORIGINS = 10;

/**
 * The candidates of each method, best first. An entity passes the filter when its own type and the day on which it was first
 * known do and, where the filter speaks of facts, one of its facts does; metadata are those of an episode that mentions it.
 */
export async function findEntities(sought: Sought, methods: readonly Method[]): Promise<EntityRow[][]> {
  const filter = entityFilter(sought);
  const lists = await Promise.all([
    methods.includes('words') ? byWords(sought, filter) : [],
    methods.includes('vector') ? nearest(sought, filter) : [],
  ]);
  if (!methods.includes('breadth-first')) return lists;
  const hits = lists.flatMap((list) => list.slice(0, ORIGINS)).map(({ uuid }) => uuid);
  const { entities } = await walkFrom(sought, sought.walk.from ?? hits, {});
  const reached = await entitiesByUuid(sought.graph, entities, filter);
  return [...lists, (await passing(sought, filter, reached)).slice(0, sought.candidates)];
}

export function entityFilter({ moment, seenBy, filter: { fact } }: Sought): EntityFilter {
  const { types, dates = [], ...rest } = fact;
  const created = dates.find(({ field }) => field === 'createdAt');
  const others = dates.filter(({ field }) => field !== 'createdAt');
  const ofFacts = { ...rest, ...(others.length > 0 && { dates: others }) };
  return {
    ...(moment.knownAt && { knownAt: moment.knownAt }),
    ...(seenBy && { asOf: seenBy }),
    ...(types && { types }),
    ...(created && { created }),
    ...(Object.keys(ofFacts).length > 0 && { fact: ofFacts }),
  };
}

function byWords(sought: Sought, filter: EntityFilter): Promise<EntityRow[]> {
  const { graph, names, candidates } = sought;
  if (names.length === 0) return Promise.resolve([]);
  const { types: _, ...later } = filter;
  return gather({
    fetch: (count, most) => searchEntitiesByWords(graph, names, filter, count, most),
    passing: (rows) => passing(sought, filter, rows),
    wanted: candidates,
    isSifted: Object.keys(later).length > 0,
  });
}

async function nearest(sought: Sought, filter: EntityFilter): Promise<EntityRow[]> {
  const { graph, vector, candidates } = sought;
  const isFiltered = Object.keys(filter).length > 0 || sought.filter.metadata.length > 0;
  const kept = await passing(sought, filter, await searchEntitiesByVector(graph, vector, filter, candidates));
  if (!isFiltered || kept.length >= candidates / 2) return kept;
  const all = await searchEntitiesOneByOne(graph, vector, filter, WIDEST);
  return (await passing(sought, filter, all)).slice(0, candidates);
}

async function passing(sought: Sought, filter: EntityFilter, rows: EntityRow[]): Promise<EntityRow[]> {
  const fitting = rows.filter((row) => entityFits(row, filter));
  if (sought.filter.metadata.length === 0 || fitting.length === 0) return fitting;
  const episodes = await entityEpisodes(
    sought.graph,
    fitting.map(({ uuid }) => uuid),
  );
  return told(sought, fitting, ({ uuid }) => episodes.get(uuid) ?? []);
}
