import type { GroupGraph } from '../graph/group-graph.ts';
import { entityEpisodes, storedVectors } from '../graph/queries/search-entities.ts';
import type { FactRow } from '../graph/queries/search-facts.ts';
import { hopsFrom } from './hops.ts';
import { byCoverage } from './rank/coverage.ts';
import { byJudgement, type Judge } from './rank/cross-encoder.ts';
import { byDistance } from './rank/distance.ts';
import { byMentions } from './rank/mentions.ts';
import { mostVaried } from './rank/mmr.ts';
import { fuse, type Ranked } from './rank/rrf.ts';
import type { Kind, Part, Ranker } from './recipes.ts';
import type { SearchContext } from './sought.ts';

/** All candidates of one kind, put in order by reciprocal rank fusion. */
export interface Pool {
  readonly kind: Kind;
  readonly part: Part;
  readonly rows: ReadonlyMap<string, { readonly uuid: string }>;
  readonly fused: readonly Ranked[];
  /** What a model is shown of each. */
  readonly passages: ReadonlyMap<string, string>;
}

export interface Ordering {
  readonly context: SearchContext;
  readonly limit: number;
  /** uuids of the entity from which distances count. */
  readonly centre: readonly string[];
  readonly judge: Judge;
}

/** Joins the lists of the methods with one more: what covers most of the query (`rank/coverage.ts`). */
export function poolOf<Row extends { readonly uuid: string }>(
  kind: Kind,
  part: Part,
  query: string,
  lists: readonly (readonly Row[])[],
  passageOf: (row: Row) => string,
  textOf = passageOf,
): Pool {
  const rows = new Map(lists.flat().map((row) => [row.uuid, row]));
  const covered = byCoverage(query, new Map([...rows].map(([uuid, row]) => [uuid, textOf(row)])));
  return {
    kind,
    part,
    rows,
    fused: fuse([covered.map(({ id }) => id), ...lists.map((list) => list.map(({ uuid }) => uuid))]),
    passages: new Map([...rows].map(([uuid, row]) => [uuid, passageOf(row)])),
  };
}

/** The best of each pool, in the order of its ranker; a model judges the candidates of all pools in one call. */
export async function order(pools: readonly Pool[], ordering: Ordering): Promise<Map<Kind, Ranked[]>> {
  const { context, limit, judge } = ordering;
  const shown = new Map(
    pools
      .filter(({ part }) => part.ranker === 'cross-encoder')
      .flatMap(({ fused, passages }) =>
        fused.slice(0, 2 * limit).map(({ id }) => [id, passages.get(id) ?? ''] as const),
      ),
  );
  const judged = await byJudgement(judge, context.query, shown);
  const ordered = await Promise.all(
    pools.map(async (pool) => {
      const all =
        pool.part.ranker === 'cross-encoder'
          ? judged.filter(({ id }) => pool.rows.has(id))
          : await orderOne(pool, ordering);
      return [pool.kind, all.slice(0, limit)] as const;
    }),
  );
  return new Map(ordered);
}

async function orderOne(pool: Pool, { context, limit, centre }: Ordering): Promise<readonly Ranked[]> {
  const { kind, fused, rows } = pool;
  const { ranker, lambda } = pool.part;
  if (fused.length === 0 || ranker === 'rrf') return fused;
  const uuids = fused.map(({ id }) => id);
  if (ranker === 'mmr' && kind !== 'episodes')
    return mostVaried(context.vector, await vectorsInOrder(context.graph, kind, uuids), limit, lambda);
  if (kind === 'facts') return orderFacts(ranker, fused, rows as ReadonlyMap<string, FactRow>, context, centre);
  if (kind !== 'entities') return fused;
  if (ranker === 'distance') return byDistance(fused, await hopsFrom(context, centre, new Set(uuids)));
  const episodes = await entityEpisodes(context.graph, uuids);
  return byMentions(fused, new Map([...episodes].map(([uuid, list]) => [uuid, list.length])));
}

async function orderFacts(
  ranker: Ranker,
  fused: readonly Ranked[],
  facts: ReadonlyMap<string, FactRow>,
  context: SearchContext,
  centre: readonly string[],
): Promise<Ranked[]> {
  if (ranker === 'mentions')
    return byMentions(fused, new Map([...facts].map(([uuid, { episodes }]) => [uuid, new Set(episodes).size])));
  const ends = [...facts.values()].flatMap(({ sourceUuid, targetUuid }) => [sourceUuid, targetUuid]);
  const hops = await hopsFrom(context, centre, new Set(ends));
  const nearer = ({ sourceUuid, targetUuid }: FactRow) =>
    Math.min(...[sourceUuid, targetUuid].map((uuid) => hops.get(uuid) ?? Number.POSITIVE_INFINITY));
  return byDistance(fused, new Map([...facts].map(([uuid, fact]) => [uuid, nearer(fact)])));
}

async function vectorsInOrder(graph: GroupGraph, kind: Exclude<Kind, 'episodes'>, uuids: readonly string[]) {
  const vectors = await storedVectors(graph, kind, uuids);
  return new Map(uuids.map((uuid) => [uuid, vectors.get(uuid) ?? []]));
}
