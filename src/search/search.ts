import { nameTerms, searchTerms } from '../graph/fulltext.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import type { FactRow } from '../graph/queries/fact-rows.ts';
import { searchEpisodes } from '../graph/queries/search-episodes.ts';
import { searchFactsByEntities } from '../graph/queries/search-facts-by-entities.ts';
import { searchFactsByVector } from '../graph/queries/search-facts-by-vector.ts';
import { searchFactsByWords } from '../graph/queries/search-facts-by-words.ts';
import type { Embedder } from '../models/embedder.ts';
import { oneLine } from '../text.ts';
import { toGraphTime } from '../time.ts';
import { type Found, merge } from './merge.ts';

export interface SearchOptions {
  readonly limit: number;
  /** Only what held at this time. */
  readonly asOf: Date;
}

// The vector index knows no dates: when too few of the nearest held at the time, the next wider circle is asked.
const WIDER = 8;
const WIDEST = 4096;

/**
 * Hybrid search: full text ∪ vectors ∪ what is said of the entities that the query names, joined by reciprocal rank fusion.
 * @throws EmbedderMismatch, StoreUnreachable, ModelFailed
 */
export async function search(
  graph: GroupGraph,
  embedder: Embedder,
  query: string,
  { limit, asOf }: SearchOptions,
): Promise<Found> {
  const [terms, names] = [searchTerms(query), nameTerms(query)];
  const time = toGraphTime(asOf);
  const candidates = Math.max(2 * limit, 20);
  const [vector, isSearchable] = await Promise.all([
    embedder.embed([oneLine(query)]).then(([first = []]) => first),
    graph.check(embedder),
  ]);
  if (!isSearchable) return { facts: [], episodes: [] };
  const [byWords, byVector, byEntities, episodes] = await Promise.all([
    terms.length > 0 ? searchFactsByWords(graph, terms, time, candidates) : [],
    nearest(graph, vector, time, candidates),
    terms.length > 0 ? searchFactsByEntities(graph, names, vector, time, candidates) : [],
    terms.length > 0 ? searchEpisodes(graph, names, time, limit) : [],
  ]);
  return merge(query, [byWords, byVector, byEntities], episodes, limit);
}

async function nearest(graph: GroupGraph, vector: number[], time: string, wanted: number): Promise<FactRow[]> {
  for (let circle = wanted; ; circle *= WIDER) {
    const rows = await searchFactsByVector(graph, vector, circle);
    const held = rows.filter((row) => row.near && (row.validAt ?? '') <= time && (row.invalidAt ?? '9') > time);
    const all = rows.length < circle || rows.some((row) => !row.near);
    if (all || held.length >= wanted / 2 || circle >= WIDEST)
      return held.slice(0, wanted).map(({ near: _, ...row }) => row);
  }
}
