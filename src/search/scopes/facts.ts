import { factConditions, factFits, filterConditions } from '../../graph/queries/conditions.ts';
import {
  countFacts,
  type FactRow,
  searchFactsByEntities,
  searchFactsByVector,
  searchFactsByWords,
  searchFactsOneByOne,
} from '../../graph/queries/search-facts.ts';
import { fragmentsOf } from '../filters.ts';
import { gather, USUAL, WIDEST } from '../gather.ts';
import type { Method } from '../recipes.ts';
import { type SearchContext, withMetadata } from '../sought.ts';
import { walkFrom } from '../walk.ts';

// The vector index knows no dates and no filters: when too few of the nearest pass, the next wider circle is asked.
const WIDER = 8;
/** Up to this many facts a full scan is as fast as a wide index search, which misses some. */
const FEW = 10_000;
/** How many of the best hits a walk begins at. */
const ORIGINS = 10;

/** The candidates of each method, best first. */
export async function findFacts(context: SearchContext, methods: readonly Method[]): Promise<FactRow[][]> {
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
  return gather({
    fetch: (count, most) => searchFactsByWords(graph, terms, conditions, count, most),
    passing: (rows) => passing(context, rows),
    limit: candidates,
  });
}

async function ofNamed(context: SearchContext): Promise<FactRow[]> {
  const { graph, names, vector, candidates } = context;
  if (names.length === 0) return [];
  const conditions = factConditions(context.moment, context.filter.fact);
  const count = context.filter.metadata.length > 0 ? WIDEST : candidates;
  const rows = await searchFactsByEntities(graph, names, vector, conditions, count, USUAL);
  return (await passing(context, rows)).slice(0, candidates);
}

async function nearest(context: SearchContext): Promise<FactRow[]> {
  const { graph, vector, moment, filter, candidates } = context;
  // Whether they held shows in the rows themselves.
  const conditions = filterConditions(filter.fact);
  for (let circle = candidates; ; circle *= WIDER) {
    const rows = await searchFactsByVector(graph, vector, conditions, circle);
    const close = rows.filter(({ near, fits }) => near && fits).map(({ near: _, fits: __, ...row }) => row);
    const kept = await passing(context, close);
    const isAll = rows.length < circle || rows.some((row) => !row.near);
    if (isAll || kept.length >= candidates / 2) return kept.slice(0, candidates);
    if (circle >= WIDEST || (await countFacts(graph)) <= FEW) break;
  }
  const strict = factConditions(moment, filter.fact);
  const all = await searchFactsOneByOne(graph, vector, strict, fragmentsOf(filter.metadata), WIDEST);
  return (await passing(context, all)).slice(0, candidates);
}

async function alongFacts(context: SearchContext, lists: FactRow[][]): Promise<FactRow[]> {
  const hits = lists.flatMap((list) => list.slice(0, ORIGINS)).flatMap((row) => [row.sourceUuid, row.targetUuid]);
  const { facts } = await walkFrom(context, context.walk.from ?? hits, context.filter.fact);
  const fitting = facts.filter(({ fits }) => fits).map(({ fits: _, ...row }) => row);
  return (await passing(context, fitting)).slice(0, context.candidates);
}

/** What the graph could not tell: dates of other offsets, and metadata. */
function passing(context: SearchContext, rows: FactRow[]): Promise<FactRow[]> {
  const { moment, filter } = context;
  return withMetadata(
    context,
    rows.filter((row) => factFits(row, moment, filter.fact)),
    ({ episodes }) => episodes,
  );
}
