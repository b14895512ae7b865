import { factConditions, filterConditions, passesFactFilter } from '../../../graph/queries/filter-conditions.ts';
import {
  countFacts,
  type FactRow,
  scanFacts,
  searchFactsByEntities,
  searchFactsByVector,
  searchFactsByWords,
} from '../../../graph/queries/search-facts.ts';
import { metadataFragments } from '../../filters.ts';
import { type SearchContext, withMetadata } from '../../search-context.ts';
import { walkFrom } from '../../walk.ts';
import type { SearchMethod } from '../recipes.ts';
import { COMMON_TERM_ROWS, MAX_FETCHED, searchWidening } from '../widening.ts';

// The vector index cannot filter: if too few of the nearest facts pass, the next query returns this many times more.
const WIDER = 8;
/** Up to this many facts a full scan is as fast as a wide index search, which misses some. */
const FEW = 10_000;
/** How many of the best hits a walk begins at. */
const ORIGINS = 10;

/** The candidates of each method, best first. */
export async function findFacts(context: SearchContext, methods: readonly SearchMethod[]): Promise<FactRow[][]> {
  const lists = await Promise.all([
    methods.includes('words') ? byWords(context) : [],
    methods.includes('vector') ? nearest(context) : [],
    methods.includes('neighbours') ? ofNamed(context) : [],
  ]);
  if (!methods.includes('breadth-first')) return lists;
  return [...lists, await alongFacts(context, lists)];
}

function byWords(context: SearchContext): Promise<FactRow[]> {
  const { graph, terms, candidates } = context;
  if (terms.length === 0) return Promise.resolve([]);
  const conditions = factConditions(context.moment, context.filter.fact);
  return searchWidening({
    fetch: (count, most) => searchFactsByWords(graph, terms, conditions, count, most),
    passing: (rows) => passing(context, rows),
    limit: candidates,
  });
}

async function ofNamed(context: SearchContext): Promise<FactRow[]> {
  const { graph, names, vector, candidates } = context;
  if (names.length === 0) return [];
  const conditions = factConditions(context.moment, context.filter.fact);
  const count = context.filter.metadata.length > 0 ? MAX_FETCHED : candidates;
  const rows = await searchFactsByEntities(graph, names, vector, conditions, count, COMMON_TERM_ROWS);
  return (await passing(context, rows)).slice(0, candidates);
}

async function nearest(context: SearchContext): Promise<FactRow[]> {
  const { graph, vector, moment, filter, candidates } = context;
  // Whether they held shows in the rows themselves.
  const conditions = filterConditions(filter.fact, moment.knownAt);
  for (let circle = candidates; ; circle *= WIDER) {
    const rows = await searchFactsByVector(graph, vector, conditions, circle);
    const close = rows.filter(({ near, fits }) => near && fits).map(({ near: _, fits: __, ...row }) => row);
    const kept = await passing(context, close);
    const isAll = rows.length < circle || rows.some((row) => !row.near);
    if (isAll || kept.length >= candidates / 2) return kept.slice(0, candidates);
    if (circle >= MAX_FETCHED || (await countFacts(graph)) <= FEW) break;
  }
  const strict = factConditions(moment, filter.fact);
  const all = await scanFacts(graph, vector, strict, metadataFragments(filter.metadata), MAX_FETCHED);
  return (await passing(context, all)).slice(0, candidates);
}

async function alongFacts(context: SearchContext, lists: FactRow[][]): Promise<FactRow[]> {
  const hits = lists.flatMap((list) => list.slice(0, ORIGINS)).flatMap((row) => [row.sourceUuid, row.targetUuid]);
  const { facts } = await walkFrom(context, context.walk.from ?? hits, context.filter.fact);
  const fitting = facts.filter(({ fits }) => fits).map(({ fits: _, ...row }) => row);
  return (await passing(context, fitting)).slice(0, context.candidates);
}

/** Conditions that a query cannot test: dates with other offsets, and metadata. */
function passing(context: SearchContext, rows: FactRow[]): Promise<FactRow[]> {
  const { moment, filter } = context;
  return withMetadata(
    context,
    rows.filter((row) => passesFactFilter(row, moment, filter.fact)),
    ({ episodes }) => episodes,
  );
}
