import type { StoredFact } from '../graph/queries/find-facts.ts';
import type { AttributeValue } from '../ontology.ts';
import { fromGraphTime, toGraphTime } from '../time.ts';
import { sameKey } from './names.ts';

/** One episode's word that something holds. */
export interface Support {
  /** Its uuid; empty for a fact that was given without one. */
  readonly episode: string;
  /** The episode's reference time. */
  readonly said: Date;
  /** Since when it says so; null when it does not know. */
  readonly begin: Date | null;
  /** Until when; null when it still held. */
  readonly end: Date | null;
  /** What it tells besides, of a fact of a type with attributes. */
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  /** In which words it says so, where these are others than the fact's. */
  readonly words?: Words;
}

/** How something is said. */
export interface Words {
  readonly relation: string;
  readonly fact: string;
}

/** A time without a break in which something held, and who says so. */
export interface Span {
  /** In the order of time; never empty. */
  readonly supports: readonly Support[];
  readonly validAt: Date | null;
  readonly invalidAt: Date | null;
}

/** Where a support stands in time. What had ended when it was told began at any time before. */
export function order({ begin, end, said }: Support): number {
  if (begin) return begin.getTime();
  return end && end <= said ? Number.NEGATIVE_INFINITY : said.getTime();
}

/**
 * When something held, from all that was ever said about it and nothing else, so that it does not matter what was learnt first.
 * It begins with a support and ends with the first closing after that, be it the end that a support tells itself or something
 * else that rules it out (`closings`); a support after the closing begins a new span. A closing at the very moment of a support
 * is none: two statements of the same moment stand side by side.
 */
export function spansOf(supports: readonly Support[], closings: readonly Date[]): Span[] {
  const sorted = [...supports].sort((a, b) => order(a) - order(b) || (a.episode < b.episode ? -1 : 1));
  const moments = new Set(sorted.map(order));
  const ends = [...closings, ...sorted.flatMap(({ end }) => end ?? [])]
    .map((end) => end.getTime())
    .filter((end) => !moments.has(end))
    .sort((a, b) => a - b);
  const spans: Span[] = [];
  for (let first = 0; first < sorted.length; ) {
    const start = sorted[first] as Support;
    const end = ends.find((it) => it > order(start));
    const after = end === undefined ? -1 : sorted.findIndex((support) => order(support) > end);
    const next = after < 0 ? sorted.length : after;
    const held = sorted.slice(first, next);
    spans.push({ supports: held, validAt: start.begin, invalidAt: end === undefined ? null : new Date(end) });
    first = next;
  }
  return spans;
}

/** An episode's word that whatever held between two entities had ended. */
export interface Ending {
  readonly episode: string;
  readonly at: Date;
}

const NONE = '-';
const written = (date: Date | null) => (date ? toGraphTime(date) : NONE);
const read = (text: string | undefined) => (text === NONE ? null : fromGraphTime(text));

/**
 * As it stands in a list of a `_Meta` node: `<episode> <said> <begin> <end>`, then the attributes if it tells any, then its own
 * words if it has such.
 */
export function supportText({ episode, said, begin, end, attributes, words }: Support): string {
  const told = attributes ? [encoded(attributes)] : words ? [NONE] : [];
  const own = words ? [encoded([words.relation, words.fact])] : [];
  return [episode || NONE, toGraphTime(said), written(begin), written(end), ...told, ...own].join(' ');
}

const encoded = (value: object) => encodeURIComponent(JSON.stringify(value));
const decoded = (text: string) => JSON.parse(decodeURIComponent(text));

function readSupport(text: string): Support {
  const [episode = '', said, begin, end, told = NONE, own] = text.split(' ');
  const [relation, fact] = own ? decoded(own) : [];
  return {
    episode: episode === NONE ? '' : episode,
    said: fromGraphTime(said) ?? new Date(0),
    begin: read(begin),
    end: read(end),
    ...(told !== NONE && { attributes: decoded(told) }),
    ...(own && { words: { relation, fact } }),
  };
}

/** Names of the attributes that are on a stored fact because somebody whose word was kept told them. */
export function attributesTold(fact: StoredFact | undefined): string[] {
  return (fact?.supports ?? []).flatMap((text) => Object.keys(readSupport(text).attributes ?? {}));
}

/** `<episode> <at>` */
export const endingText = ({ episode, at }: Ending): string => `${episode} ${toGraphTime(at)}`;

export function readEnding(text: string): Ending[] {
  const [episode = '', time] = text.split(' ');
  const at = fromGraphTime(time);
  return at ? [{ episode, at }] : [];
}

/**
 * Who says a stored fact. Where no evidence was kept its own properties tell: the first episode gave it its dates, each other
 * one says that it held at that episode's time. Python leaves such facts behind, also ones without an episode.
 * @param times reference times (graph format) of episodes
 */
export function supportsOf(fact: StoredFact, times: ReadonlyMap<string, string>): Support[] {
  if (fact.supports) return fact.supports.map(readSupport);
  const told = fromGraphTime(fact.referenceTime) ?? fromGraphTime(fact.createdAt) ?? new Date(0);
  const first = {
    episode: fact.episodes[0] ?? '',
    said: told,
    begin: fromGraphTime(fact.validAt),
    end: fromGraphTime(fact.invalidAt),
  };
  const others = [...new Set(fact.episodes.slice(1))].filter((episode) => episode !== first.episode);
  return [
    first,
    ...others.map((episode) => {
      const said = fromGraphTime(times.get(episode)) ?? told;
      // It may have been said after the end that we cannot tell from a later one; then it would begin anew out of nothing.
      const begin = first.end && said >= first.end ? first.begin : said;
      return { episode, said, begin, end: null };
    }),
  ];
}

/**
 * Something that is said of two entities, by one episode or many, at one time or several. Each span of time in which it held is
 * a fact of the graph.
 */
export interface Claim {
  readonly source: string;
  readonly target: string;
  /** These two are another's once nobody says it in these words any more. */
  relation: string;
  fact: string;
  readonly supports: Support[];
  /** Keys of the sentences in which it was said. */
  readonly wordings: Set<string>;
  /** Claims that cannot hold at the same time. */
  readonly rivals: Set<Claim>;
  /** uuids of facts of rivals, some of which may not be loaded. */
  readonly rivalUuids: Set<string>;
  /** Its facts as the graph has them. */
  readonly stored: StoredFact[];
  /** True when it gained a support or an ending, so that its spans must be worked out anew from everything. */
  touched: boolean;
}

/** The claims that a commit has to do with. */
export interface Claims {
  readonly all: ReadonlySet<Claim>;
  /**
   * Adds facts of the graph; known ones are passed over.
   * @param pairs by `pairKey`: these are all facts between their two entities
   */
  load(facts: readonly StoredFact[], times: ReadonlyMap<string, string>, pairs: Iterable<string>): void;
  /** True when all facts between its two entities are loaded. */
  isWhole(claim: Claim): boolean;
  /** What was said of two entities in these words, if anything. */
  find(source: string, target: string, fact: string): Claim | undefined;
  between(one: string, other: string): Claim[];
  ofFact(uuid: string): Claim | undefined;
  add(source: string, target: string, relation: string, fact: string): Claim;
  /** Notes that it was said in other words as well, also when they name the two the other way round. */
  reword(claim: Claim, fact: string): void;
}

export function openClaims(): Claims {
  const all = new Set<Claim>();
  const byWords = new Map<string, Claim>();
  const byFact = new Map<string, Claim>();
  const byPair = new Map<string, Set<Claim>>();
  const whole = new Set<string>();

  function add(source: string, target: string, relation: string, fact: string): Claim {
    const claim: Claim = {
      source,
      target,
      relation,
      fact,
      supports: [],
      wordings: new Set(),
      rivals: new Set(),
      rivalUuids: new Set(),
      stored: [],
      touched: false,
    };
    all.add(claim);
    const pair = pairKey(source, target);
    byPair.set(pair, (byPair.get(pair) ?? new Set()).add(claim));
    claim.wordings.add(sameKey(fact));
    byWords.set(wordsKey(source, target, fact), claim);
    return claim;
  }

  function reword(claim: Claim, fact: string): void {
    const { source, target } = claim;
    claim.wordings.add(sameKey(fact));
    for (const key of [wordsKey(source, target, fact), wordsKey(target, source, fact)])
      if (!byWords.has(key)) byWords.set(key, claim);
  }

  const find = (source: string, target: string, fact: string) => byWords.get(wordsKey(source, target, fact));

  return {
    all,
    add,
    reword,
    find,
    between: (one, other) => [...(byPair.get(pairKey(one, other)) ?? [])],
    ofFact: (uuid) => byFact.get(uuid),
    isWhole: ({ source, target }) => whole.has(pairKey(source, target)),
    load(facts, times, pairs) {
      for (const pair of pairs) whole.add(pair);
      for (const fact of facts) {
        if (byFact.has(fact.uuid)) continue;
        const claim =
          find(fact.source, fact.target, fact.fact) ?? add(fact.source, fact.target, fact.relation, fact.fact);
        byFact.set(fact.uuid, claim);
        claim.stored.push(fact);
        claim.supports.push(...supportsOf(fact, times));
        for (const rival of fact.rivals ?? []) claim.rivalUuids.add(rival);
      }
      // Last, since what a fact itself says comes before what another is said to mean.
      for (const { uuid, wordings } of facts)
        for (const wording of wordings ?? []) reword(byFact.get(uuid) as Claim, wording);
      for (const claim of all)
        for (const uuid of claim.rivalUuids) {
          const rival = byFact.get(uuid);
          if (rival && rival !== claim) claim.rivals.add(rival);
        }
    },
  };
}

export function makeRivals(one: Claim, other: Claim): void {
  if (one === other) return;
  one.rivals.add(other);
  other.rivals.add(one);
}

/** The same for both directions. */
export const pairKey = (one: string, other: string): string => (one < other ? `${one} ${other}` : `${other} ${one}`);

const wordsKey = (source: string, target: string, fact: string) => `${source} ${target} ${sameKey(fact)}`;
