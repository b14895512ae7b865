import type { FactRow } from '../graph/queries/fact-rows.ts';
import type { EpisodeRow } from '../graph/queries/search-episodes.ts';
import type { Found } from './found.ts';
import { bestSentence, byCoverage, type Covered } from './rank/coverage.ts';
import { fuse } from './rank/rrf.ts';

/** Joins the lists of the methods, each best first, by reciprocal rank fusion with one more list: what covers most of the query. */
export function merge(query: string, factLists: FactRow[][], candidates: EpisodeRow[], limit: number): Found {
  const facts = onceEach(factLists);
  const lists = factLists.map((list) => list.map(({ uuid }) => uuid).filter((uuid) => facts.has(uuid)));
  const texts = new Map([...facts].map(([uuid, { fact, source, target }]) => [uuid, `${fact} ${source} ${target}`]));
  const ofFacts = byCoverage(query, texts);
  const first = new Set(
    fuse([ids(ofFacts), ...lists])
      .slice(0, limit)
      .map(({ id }) => id),
  );
  const told = new Set(ofFacts.filter(({ id }) => first.has(id)).flatMap(({ words }) => [...words]));

  const excerpts = new Map(candidates.map(({ uuid, content }) => [uuid, bestSentence(query, content)]));
  const tellMore = byCoverage(query, excerpts).filter(({ words }) => [...words].some((word) => !told.has(word)));
  const needed = new Map(tellMore.map(({ id }) => [id, excerpts.get(id) ?? '']));

  const all = byCoverage(query, new Map([...texts, ...needed]));
  const ranked = fuse([ids(all), ...lists, ids(tellMore)]).slice(0, limit);
  const episodes = new Map(candidates.map((episode) => [episode.uuid, episode]));
  return {
    facts: ranked.flatMap(({ id, score }) => withScore(facts.get(id), score)),
    episodes: ranked.flatMap(({ id, score }) =>
      needed.has(id) ? withScore(episodes.get(id), score).map((it) => ({ ...it, excerpt: needed.get(id) ?? '' })) : [],
    ),
  };
}

/** The facts of all lists; a sentence that joins several entities is several facts, of which the first counts. */
export function onceEach(lists: readonly (readonly FactRow[])[]): Map<string, FactRow> {
  const bySentence = new Map<string, FactRow>();
  for (const row of lists.flat()) {
    const sentence = `${row.fact}\n${row.validAt}`;
    if (!bySentence.has(sentence)) bySentence.set(sentence, row);
  }
  return new Map([...bySentence.values()].map((row) => [row.uuid, row]));
}

const ids = (covered: readonly Covered[]): string[] => covered.map(({ id }) => id);

function withScore<T>(row: T | undefined, score: number): (T & { score: number })[] {
  return row ? [{ ...row, score }] : [];
}
