import { type Conditions, type DateRange, dateCondition, dateParams, isWithin } from '../graph/queries/conditions.ts';
import { isAfter, momentParams, notAfterOrMissing } from '../graph/queries/moment.ts';
import {
  adjacentEpisodes,
  cosinesOf,
  countPassages,
  countTerms,
  type PassageRow,
  passagesOfEpisodes,
  searchPassagesByVector,
  searchPassagesByWords,
} from '../graph/queries/passages.ts';
import type { FactRow } from '../graph/queries/search-facts.ts';
import { termsOf } from '../passages/terms.ts';
import { conversationsIn } from './conversations.ts';
import { gather } from './gather.ts';
import type { Method } from './recipes.ts';
import { findFacts } from './scopes/facts.ts';
import { type Sought, told } from './sought.ts';

/** The cosine between question and fact, where it was found by meaning. */
export type CandidateFact = FactRow & { readonly cosine?: number };

/** What is ranked, and what the ranking has to know about the memory. */
export interface Candidates {
  readonly passages: readonly PassageRow[];
  /** What comes directly before and after each of the best passages, by uuid. */
  readonly before: ReadonlyMap<string, PassageRow>;
  readonly after: ReadonlyMap<string, PassageRow>;
  /** Cosine between question and passage, where it was asked for and there is a vector. */
  readonly cosines: ReadonlyMap<string, number>;
  /** Facts that hold, the best of each method first. */
  readonly facts: readonly CandidateFact[];
  /** Which place among the facts found the fact has that a passage states, by uuid. */
  readonly stated: ReadonlyMap<string, number>;
  /** In how many passages each term stands, counted up to `MOST_COUNTED`; and how many passages there are. */
  readonly holders: ReadonlyMap<string, number>;
  readonly count: number;
}

/** So many candidates come from words, and from vectors. */
const [BY_WORDS, BY_VECTOR] = [80, 30];
/** A term, or pair of terms, that more passages have finds none by itself. */
const USUAL = 150;
/** Of longer questions only the first terms are also looked for in pairs. */
const MOST_PAIRED = 6;
const MOST_COUNTED = 2_000;
/** Of so many of the best candidates the surroundings are looked at, of so many facts the passages that state them. */
const [WITH_SURROUNDINGS, FACTS_PLACED] = [16, 10];
/** Of a longer document only the passages that were found themselves count, and their neighbours. */
const MOST_OF_EPISODE = 400;
/** So much of a fact's terms a passage has to hold to be taken for its source. */
const STATES = 0.75;

/** What a filter's dates mean for a passage: those of its episode. */
const FIELDS = { validAt: 'time', createdAt: 'known' } as const;

/**
 * Passages that may answer: by words, by meaning, those that state the facts found, and what stands next to the best of them.
 * All that is cut off is cut by values and then by uuid or place, so that a restored graph gives the same.
 */
export async function findCandidates(
  sought: Sought,
  terms: readonly string[],
  methods: readonly Method[],
): Promise<Candidates> {
  const { graph, vector, filter } = sought;
  const { dates = [], ...others } = filter.fact;
  const fits = dates.every(({ field }) => field in FIELDS) && Object.keys(others).length === 0;
  const byMeaning = methods.includes('vector') && vector.length > 0;
  const conditions = conditionsOf(sought, dates);
  const [words, near, factLists, count, holders] = await Promise.all([
    fits && terms.length > 0 ? byWords(sought, terms, conditions) : [],
    fits && byMeaning ? searchPassagesByVector(graph, vector, conditions, BY_VECTOR) : [],
    findFacts(sought, methods),
    countPassages(graph),
    fits && terms.length > 0 ? countTerms(graph, terms, MOST_COUNTED) : new Map<string, number>(),
  ]);
  const facts = interleaved(factLists);
  const found = unique([...words, ...(await passing(sought, near))]);
  const placed = facts.slice(0, FACTS_PLACED);
  const best = [...words.slice(0, WITH_SURROUNDINGS), ...near.slice(0, WITH_SURROUNDINGS / 2)];
  const episodes = [
    ...new Set([
      ...best.map(({ episode }) => episode),
      ...placed.flatMap(({ episodes }) => (episodes ?? []).slice(0, 3)),
    ]),
  ];
  const around = async (of: readonly string[]) => {
    if (!fits || of.length === 0) return { rows: [], cosines: [] };
    const [rows, cosines] = await Promise.all([
      passagesOfEpisodes(graph, of, conditions, MOST_OF_EPISODE),
      byMeaning ? cosinesOf(graph, of, vector) : [],
    ]);
    return { rows: await passing(sought, rows), cosines };
  };
  const elsewhere = [...new Set(found.map(({ episode }) => episode))].filter((episode) => !episodes.includes(episode));
  const [adjacent, own, measured] = await Promise.all([
    fits && episodes.length > 0 ? adjacentEpisodes(graph, episodes) : [],
    around(episodes),
    byMeaning && elsewhere.length > 0 ? cosinesOf(graph, elsewhere, vector) : [],
  ]);
  const beside = await around(
    [...new Set(adjacent.map(({ uuid }) => uuid))].filter((uuid) => !episodes.includes(uuid)),
  );
  const all = unique([...found, ...own.rows, ...beside.rows]);
  const { sessions, followers } = conversationsIn(all);
  const passages = all.map((row) => ({ ...row, session: row.session ?? sessions.get(row.episode) ?? null }));
  const { before, after } = surroundings(passages, [...adjacent, ...followers]);
  return {
    passages,
    before,
    after,
    cosines: new Map([
      ...[...measured, ...own.cosines, ...beside.cosines],
      ...near.map(({ uuid, cosine }) => [uuid, cosine] as const),
    ]),
    facts,
    stated: statedBy(passages, placed),
    holders,
    count,
  };
}

function byWords(sought: Sought, terms: readonly string[], conditions: Conditions): Promise<PassageRow[]> {
  const paired = terms.slice(0, MOST_PAIRED);
  const pairs = paired.flatMap((term, place) => paired.slice(place + 1).map((other) => `${term} ${other}`));
  return gather({
    fetch: (count, most) => searchPassagesByWords(sought.graph, [...terms, ...pairs], conditions, count, most),
    passing: (rows) => passing(sought, rows),
    limit: BY_WORDS,
    usual: USUAL,
  });
}

function conditionsOf({ moment }: Sought, dates: readonly DateRange[]): Conditions {
  return {
    text: [
      notAfterOrMissing('p.time', 'asOf'),
      ...(moment.knownAt ? [notAfterOrMissing('p.known', 'knownAt')] : []),
      ...dates.map((range) => dateCondition(range.field === 'validAt' ? 'p.time' : 'p.known', range)),
    ].join(' AND '),
    params: { ...momentParams(moment), ...Object.assign({}, ...dates.map(dateParams)) },
  };
}

/** What the graph could not tell: dates of other offsets, and metadata. */
function passing<Row extends PassageRow>(sought: Sought, rows: Row[]): Promise<Row[]> {
  const { moment, filter } = sought;
  return told(
    sought,
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
function interleaved(lists: readonly (readonly CandidateFact[])[]): CandidateFact[] {
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

function surroundings(
  passages: readonly PassageRow[],
  adjacent: readonly { of: string; uuid: string; step: -1 | 1 }[],
) {
  const byEpisode = Map.groupBy(
    passages.filter(({ source }) => source === ''),
    ({ episode }) => episode,
  );
  for (const own of byEpisode.values()) own.sort((a, b) => a.ordinal - b.ordinal);
  const [before, after] = [new Map<string, PassageRow>(), new Map<string, PassageRow>()];
  const join = (one: PassageRow | undefined, other: PassageRow | undefined) => {
    if (!one || !other) return;
    after.set(one.uuid, other);
    before.set(other.uuid, one);
  };
  for (const own of byEpisode.values())
    for (const [place, passage] of own.entries())
      if (own[place + 1]?.ordinal === passage.ordinal + 1) join(passage, own[place + 1]);
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
      const held = new Set(passage.terms.split(' '));
      const share = [...terms].filter((term) => held.has(term)).length / terms.size;
      if (share >= STATES && !stated.has(passage.uuid)) stated.set(passage.uuid, place);
    }
  }
  return stated;
}
