import type { GroupGraph } from '../../graph/group-graph.ts';
import { entityEpisodes, storedVectors } from '../../graph/queries/search-entities.ts';
import type { FactRow } from '../../graph/queries/search-facts.ts';
import type { SearchContext } from '../search-context.ts';
import { byCoverage } from './coverage.ts';
import { byModelScore, type ScorePassages } from './rankers/cross-encoder.ts';
import { byDistance, countHops } from './rankers/distance.ts';
import { byMentions } from './rankers/mentions.ts';
import { maximalMarginalRelevance } from './rankers/mmr.ts';
import { type Ranked, reciprocalRankFusion } from './rankers/rrf.ts';
import type { Ranker, RecipePart, SearchKind } from './recipes.ts';

/** All candidates of one kind, put in order by reciprocal rank fusion. */
export interface CandidateSet {
  readonly kind: SearchKind;
  readonly part: RecipePart;
  readonly rows: ReadonlyMap<string, { readonly uuid: string }>;
  readonly fused: readonly Ranked[];
  /** What a model is shown of each. */
  readonly passages: ReadonlyMap<string, string>;
}

export interface RankOptions {
  readonly context: SearchContext;
  readonly limit: number;
  /** uuids of the entity from which distances count. */
  readonly center: readonly string[];
  readonly scorePassages: ScorePassages;
}

/** Joins the lists of the methods with one more: what covers most of the query (`coverage.ts`). */
export function candidateSet<Row extends { readonly uuid: string }>(
  kind: SearchKind,
  part: RecipePart,
  query: string,
  lists: readonly (readonly Row[])[],
  passageOf: (row: Row) => string,
  textOf = passageOf,
): CandidateSet {
  const rows = new Map(lists.flat().map((row) => [row.uuid, row]));
  const covered = byCoverage(query, new Map([...rows].map(([uuid, row]) => [uuid, textOf(row)])));
  return {
    kind,
    part,
    rows,
    fused: reciprocalRankFusion([covered.map(({ id }) => id), ...lists.map((list) => list.map(({ uuid }) => uuid))]),
    passages: new Map([...rows].map(([uuid, row]) => [uuid, passageOf(row)])),
  };
}

/** The best of each set of candidates, in the order of its ranker; a model judges the candidates of all sets in one call. */
export async function rankCandidates(
  candidateSets: readonly CandidateSet[],
  ordering: RankOptions,
): Promise<Map<SearchKind, Ranked[]>> {
  const { context, limit, scorePassages } = ordering;
  const shown = new Map(
    candidateSets
      .filter(({ part }) => part.ranker === 'cross-encoder')
      .flatMap(({ fused, passages }) =>
        fused.slice(0, 2 * limit).map(({ id }) => [id, passages.get(id) ?? ''] as const),
      ),
  );
  const judged = await byModelScore(scorePassages, context.query, shown);
  const ordered = await Promise.all(
    candidateSets.map(async (candidates) => {
      const all = await orderCandidates(candidates, judged, ordering);
      return [candidates.kind, all.slice(0, limit)] as const;
    }),
  );
  return new Map(ordered);
}

/** @param judged the candidates of all sets that the cross-encoder orders */
async function orderCandidates(
  candidates: CandidateSet,
  judged: readonly Ranked[],
  ordering: RankOptions,
): Promise<readonly Ranked[]> {
  const { ranker } = candidates.part;
  if (ranker === 'cross-encoder') return judged.filter(({ id }) => candidates.rows.has(id));
  return candidates.fused.length === 0 ? [] : RANKERS_OF_ONE_SET[ranker](candidates, ordering);
}

/** Orders a set of candidates that is not empty. A ranker that cannot order a kind leaves the order of the fusion. */
type OrderCandidates = (
  candidates: CandidateSet,
  ordering: RankOptions,
) => readonly Ranked[] | Promise<readonly Ranked[]>;

/** The cross-encoder is not among them: it judges all sets in one call. */
const RANKERS_OF_ONE_SET: Readonly<Record<Exclude<Ranker, 'cross-encoder'>, OrderCandidates>> = {
  rrf: ({ fused }) => fused,
  mmr: orderByVariety,
  distance: orderByDistance,
  mentions: orderByMentions,
};

async function orderByVariety(
  { kind, part, fused }: CandidateSet,
  { context, limit }: RankOptions,
): Promise<readonly Ranked[]> {
  if (kind === 'episodes') return fused;
  return maximalMarginalRelevance(
    context.vector,
    await vectorsInOrder(context.graph, kind, uuidsOf(fused)),
    limit,
    part.lambda,
  );
}

async function orderByDistance({ kind, fused, rows }: CandidateSet, ordering: RankOptions): Promise<readonly Ranked[]> {
  const { context, center } = ordering;
  switch (kind) {
    case 'entities':
      return byDistance(fused, await countHops(context, center, new Set(uuidsOf(fused))));
    case 'facts':
      return byDistance(fused, await hopsOfFacts(rows as ReadonlyMap<string, FactRow>, ordering));
    case 'episodes':
    case 'communities':
      return fused;
  }
}

async function orderByMentions(
  { kind, fused, rows }: CandidateSet,
  { context }: RankOptions,
): Promise<readonly Ranked[]> {
  switch (kind) {
    case 'entities': {
      const episodes = await entityEpisodes(context.graph, uuidsOf(fused));
      return byMentions(fused, new Map([...episodes].map(([uuid, list]) => [uuid, list.length])));
    }
    case 'facts': {
      const facts = rows as ReadonlyMap<string, FactRow>;
      return byMentions(fused, new Map([...facts].map(([uuid, { episodes }]) => [uuid, new Set(episodes).size])));
    }
    case 'episodes':
    case 'communities':
      return fused;
  }
}

const uuidsOf = (ranked: readonly Ranked[]) => ranked.map(({ id }) => id);

/** A fact is as far away as the nearer of its two entities. */
async function hopsOfFacts(
  facts: ReadonlyMap<string, FactRow>,
  { context, center }: RankOptions,
): Promise<Map<string, number>> {
  const ends = [...facts.values()].flatMap(({ sourceUuid, targetUuid }) => [sourceUuid, targetUuid]);
  const hops = await countHops(context, center, new Set(ends));
  const nearer = ({ sourceUuid, targetUuid }: FactRow) =>
    Math.min(...[sourceUuid, targetUuid].map((uuid) => hops.get(uuid) ?? Number.POSITIVE_INFINITY));
  return new Map([...facts].map(([uuid, fact]) => [uuid, nearer(fact)]));
}

async function vectorsInOrder(graph: GroupGraph, kind: Exclude<SearchKind, 'episodes'>, uuids: readonly string[]) {
  const vectors = await storedVectors(graph, kind, uuids);
  return new Map(uuids.map((uuid) => [uuid, vectors.get(uuid) ?? []]));
}
