import {
  type Conditions,
  type DateRange,
  dateCondition,
  dateParams,
  isWithin,
} from '../../../graph/queries/filter-conditions.ts';
import {
  adjacentEpisodes,
  cosineSimilarities,
  countPassages,
  countTerms,
  type PassageRow,
  type PassagesOfEpisode,
  passagesOfEpisodes,
  searchPassagesByVector,
  searchPassagesByWords,
} from '../../../graph/queries/passages.ts';
import type { FactRow } from '../../../graph/queries/search-facts.ts';
import { isAfter, momentParams, notAfterOrMissing } from '../../../graph/queries/time-conditions.ts';
import { countOccurrences, termsOf } from '../../../passages/terms.ts';
import type { SearchMethod } from '../../recipes/recipes.ts';
import { findFacts } from '../../recipes/scopes/facts.ts';
import { searchWidening } from '../../recipes/widening.ts';
import { type SearchContext, withMetadata } from '../../search-context.ts';
import { conversationsIn } from './conversations.ts';

/** A fact, with its cosine to the question if the vector search found it. */
export type CandidateFact = FactRow & { readonly cosine?: number };

/** Passages and facts to rank, with what the ranking needs to know about the memory. */
export interface Candidates {
  readonly passages: readonly PassageRow[];
  /** The passages directly before and after each of the best passages, by uuid. */
  readonly before: ReadonlyMap<string, PassageRow>;
  readonly after: ReadonlyMap<string, PassageRow>;
  /** Cosine between question and passage, for passages with a vector that were compared. */
  readonly cosines: ReadonlyMap<string, number>;
  /** Facts that hold, the best of each method first. */
  readonly facts: readonly CandidateFact[];
  /** By a passage's uuid: the position in `facts` of the fact that the passage states. */
  readonly stated: ReadonlyMap<string, number>;
  /** The number of passages that contain each term, at most `MOST_COUNTED`; and the number of all passages. */
  readonly documentFrequencies: ReadonlyMap<string, number>;
  readonly passageCount: number;
}

/** How many candidates come from words, and from vectors. */
const [BY_WORDS, BY_VECTOR] = [80, 30];
/** A term, or pair of terms, that occurs in more passages than this adds no candidates. */
const USUAL = 150;
/** Of longer questions only the first terms are also searched as pairs. */
const MOST_PAIRED = 6;
const MOST_COUNTED = 2_000;
/** The number of best candidates whose neighbours are read, and of facts whose source passages are read. */
const [WITH_SURROUNDINGS, FACTS_PLACED] = [16, 10];
/** Most episodes of a fact that are read. */
const SOURCES_OF_FACT = 3;
/** Of a longer document only the passages that were found, and their neighbours, are candidates. */
const MOST_OF_EPISODE = 400;
/** The share of a fact's terms that its source passage must contain. */
const STATES = 0.75;

/** What a filter's dates mean for a passage: those of its episode. */
const FIELDS = { validAt: 'time', createdAt: 'known' } as const;

/**
 * Passages that may answer, collected in three rounds of queries. The queries of a round run in parallel:
 * 1. matches of the question: passages by words and by meaning, and facts; also the number of passages in the memory, and how many of them
 *    contain each term;
 * 2. for the episodes of the best passages and facts: all of their passages with cosines, cosines of the passages that round 1 found by words
 *    only, and the episodes directly before and after;
 * 3. the passages of those neighbouring episodes, with their cosines.
 *
 * If the filter names a property that passages do not have, only facts are searched. Cut-offs use values, then recency,
 * then the position in the text, so that a restored graph, and the same texts under other uuids, give the same results.
 */
export async function findCandidates(
  context: SearchContext,
  terms: readonly string[],
  methods: readonly SearchMethod[],
): Promise<Candidates> {
  const search = passageSearch(context, methods);
  const [byWords, byVector, factLists, passageCount, documentFrequencies] = await Promise.all([
    passagesByWords(search, terms),
    passagesByVector(search),
    findFacts(context, methods),
    countPassages(context.graph),
    search.isPossible && terms.length > 0 ? countTerms(context.graph, terms, MOST_COUNTED) : new Map<string, number>(),
  ]);
  const facts = mergeRoundRobin(factLists);
  const bestFacts = facts.slice(0, FACTS_PLACED);
  const matches = unique([...byWords, ...(await filterPassages(context, byVector))]);
  const matchesByEpisode = Map.groupBy(matches, ({ episode }) => episode);

  const episodes = episodesToRead(byWords, byVector, bestFacts);
  const [adjacent, best] = await Promise.all([
    search.isPossible && episodes.length > 0 ? adjacentEpisodes(context.graph, episodes) : [],
    readEpisodes(search, episodes, matchesByEpisode, withoutCosine(matches, byVector, episodes)),
  ]);

  const neighbours = [...new Set(adjacent.map(({ uuid }) => uuid))].filter((uuid) => !episodes.includes(uuid));
  const neighbouring = await readEpisodes(search, neighbours, matchesByEpisode);

  const { passages, followers } = withSessions(unique([...matches, ...best.rows, ...neighbouring.rows]));
  return {
    passages,
    ...adjacentPassages(passages, [...adjacent, ...followers]),
    cosines: new Map([
      ...[...best.cosines, ...neighbouring.cosines],
      ...byVector.map(({ uuid, cosine }) => [uuid, cosine] as const),
    ]),
    facts,
    stated: statedBy(passages, bestFacts),
    documentFrequencies,
    passageCount,
  };
}

/** How the passages of a question are searched. */
interface PassageSearch {
  readonly context: SearchContext;
  readonly conditions: Conditions;
  /** False if the filter names a property that passages do not have; then none are searched. */
  readonly isPossible: boolean;
  readonly usesVector: boolean;
}

function passageSearch(context: SearchContext, methods: readonly SearchMethod[]): PassageSearch {
  const { vector, filter } = context;
  const { dates = [], ...others } = filter.fact;
  return {
    context,
    conditions: conditionsOf(context, dates),
    isPossible: dates.every(({ field }) => field in FIELDS) && Object.keys(others).length === 0,
    usesVector: methods.includes('vector') && vector.length > 0,
  };
}

async function passagesByWords(
  { context, conditions, isPossible }: PassageSearch,
  terms: readonly string[],
): Promise<PassageRow[]> {
  if (!isPossible || terms.length === 0) return [];
  const paired = terms.slice(0, MOST_PAIRED);
  const pairs = paired.flatMap((term, place) => paired.slice(place + 1).map((other) => `${term} ${other}`));
  return searchWidening({
    fetch: (count, most) => searchPassagesByWords(context.graph, [...terms, ...pairs], conditions, count, most),
    passing: (rows) => filterPassages(context, rows),
    limit: BY_WORDS,
    usual: USUAL,
  });
}

async function passagesByVector({ context, conditions, isPossible, usesVector }: PassageSearch) {
  if (!isPossible || !usesVector) return [];
  return searchPassagesByVector(context.graph, context.vector, conditions, BY_VECTOR);
}

/** The episodes of the best passages, and those that state the best facts. */
function episodesToRead(
  byWords: readonly PassageRow[],
  byVector: readonly PassageRow[],
  bestFacts: readonly FactRow[],
): string[] {
  const best = [...byWords.slice(0, WITH_SURROUNDINGS), ...byVector.slice(0, WITH_SURROUNDINGS / 2)];
  return [
    ...new Set([
      ...best.map(({ episode }) => episode),
      ...bestFacts.flatMap(({ episodes }) => (episodes ?? []).slice(0, SOURCES_OF_FACT)),
    ]),
  ];
}

/**
 * The passages of some episodes, with cosines.
 * @param matches passages found in round 1, by episode
 * @param others  passages of other episodes; only their cosines are read
 */
async function readEpisodes(
  { context, conditions, isPossible, usesVector }: PassageSearch,
  episodes: readonly string[],
  matches: ReadonlyMap<string, readonly PassageRow[]>,
  others: readonly PassagesOfEpisode[] = [],
) {
  const { graph, vector } = context;
  const compared = [...episodes.map((episode) => ({ episode })), ...others];
  const [rows, cosines] = await Promise.all([
    isPossible && episodes.length > 0 ? passagesOfEpisodes(graph, episodes, conditions, MOST_OF_EPISODE, matches) : [],
    isPossible && usesVector && compared.length > 0 ? cosineSimilarities(graph, compared, vector) : [],
  ]);
  return { rows: await filterPassages(context, rows), cosines };
}

/** The passages with the conversation that each belongs to, and the episodes that follow each other in one. */
function withSessions(rows: readonly PassageRow[]) {
  const { sessions, followers } = conversationsIn(rows);
  const passages = rows.map((row) => ({ ...row, session: row.session ?? sessions.get(row.episode) ?? null }));
  return { passages, followers };
}

/** Passages found by words only, outside the episodes that are read whole. */
function withoutCosine(
  matches: readonly PassageRow[],
  byVector: readonly PassageRow[],
  episodes: readonly string[],
): PassagesOfEpisode[] {
  const [measured, readWhole] = [new Set(byVector.map(({ uuid }) => uuid)), new Set(episodes)];
  const others = matches.filter(({ uuid, episode }) => !measured.has(uuid) && !readWhole.has(episode));
  const byEpisode = Map.groupBy(others, ({ episode }) => episode);
  return [...byEpisode].map(([episode, rows]) => ({ episode, passages: rows.map(({ uuid }) => uuid) }));
}

function conditionsOf({ moment }: SearchContext, dates: readonly DateRange[]): Conditions {
  return {
    text: [
      notAfterOrMissing('p.time', 'asOf'),
      ...(moment.knownAt ? [notAfterOrMissing('p.known', 'knownAt')] : []),
      ...dates.map((range) => dateCondition(range.field === 'validAt' ? 'p.time' : 'p.known', range)),
    ].join(' AND '),
    params: { ...momentParams(moment), ...Object.assign({}, ...dates.map(dateParams)) },
  };
}

/** Tests what a query cannot: dates with other offsets, and metadata. */
function filterPassages<Row extends PassageRow>(context: SearchContext, rows: Row[]): Promise<Row[]> {
  const { moment, filter } = context;
  return withMetadata(
    context,
    rows.filter(
      (row) =>
        !isAfter(row.time, moment.asOf) &&
        !(moment.knownAt && isAfter(row.known, moment.knownAt)) &&
        (filter.fact.dates ?? []).every((range) => isWithin(row[FIELDS[range.field as keyof typeof FIELDS]], range)),
    ),
    ({ episode }) => [episode],
  );
}

function unique(rows: readonly PassageRow[]): PassageRow[] {
  return [...new Map(rows.map((row) => [row.uuid, row])).values()];
}

/** The best of each list, then the second of each. */
function mergeRoundRobin(lists: readonly (readonly CandidateFact[])[]): CandidateFact[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  const rows = Array.from({ length: longest }, (_, place) => lists.flatMap((list) => list.slice(place, place + 1)));
  const cosines = new Map(
    lists
      .flat()
      .map(({ uuid, cosine }) => [uuid, cosine] as const)
      .filter(([, cosine]) => cosine !== undefined),
  );
  return [...new Map(rows.flat().map((row) => [row.uuid, row])).values()].map(({ cosine: _, ...row }) => {
    const cosine = cosines.get(row.uuid);
    return cosine === undefined ? row : { ...row, cosine };
  });
}

/** The passages directly before and after each passage, in its episode and in neighbouring ones. */
function adjacentPassages(
  passages: readonly PassageRow[],
  adjacent: readonly { of: string; uuid: string; step: -1 | 1 }[],
) {
  const byEpisode = Map.groupBy(
    passages.filter(({ source }) => source === ''),
    ({ episode }) => episode,
  );
  for (const rows of byEpisode.values()) rows.sort((a, b) => a.ordinal - b.ordinal);
  const [before, after] = [new Map<string, PassageRow>(), new Map<string, PassageRow>()];
  const join = (first: PassageRow | undefined, second: PassageRow | undefined) => {
    if (!first || !second) return;
    after.set(first.uuid, second);
    before.set(second.uuid, first);
  };
  for (const rows of byEpisode.values())
    for (const [place, passage] of rows.entries())
      if (rows[place + 1]?.ordinal === passage.ordinal + 1) join(passage, rows[place + 1]);
  for (const { of, uuid, step } of adjacent) {
    const [first, second] = step > 0 ? [of, uuid] : [uuid, of];
    join(byEpisode.get(first)?.at(-1), byEpisode.get(second)?.[0]);
  }
  return { before, after };
}

function statedBy(passages: readonly PassageRow[], facts: readonly FactRow[]): Map<string, number> {
  const stated = new Map<string, number>();
  const byEpisode = Map.groupBy(passages, ({ episode }) => episode);
  for (const [place, { fact, episodes }] of facts.entries()) {
    const terms = new Set(termsOf(fact));
    if (terms.size === 0) continue;
    for (const passage of (episodes ?? []).flatMap((episode) => byEpisode.get(episode) ?? [])) {
      if (stated.has(passage.uuid)) continue;
      const share = [...terms].filter((term) => countOccurrences(passage.terms, term) > 0).length / terms.size;
      if (share >= STATES) stated.set(passage.uuid, place);
    }
  }
  return stated;
}
