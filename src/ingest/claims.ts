import type { StoredFact } from '../graph/queries/commit-reads.ts';
import type { AttributeValue } from '../ontology.ts';
import { mapTexts } from '../text.ts';
import { fromGraphTime, toGraphTime } from '../time.ts';
import { canonicalKey } from './name-keys.ts';

/** One episode's evidence that a claim holds. */
export interface Support {
  /** Its uuid; empty for a fact that was given without one. */
  readonly episode: string;
  /** The episode's reference time. */
  readonly saidAt: Date;
  /** Since when the claim holds; null for unknown. */
  readonly begin: Date | null;
  /** Until when; null when it still held at `saidAt`. */
  readonly end: Date | null;
  /** Attributes that the episode gives, for a fact type with attributes. */
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  /** The episode's own wording, if it differs from the fact's. */
  readonly words?: Wording;
}

/** The wording of a claim. */
export interface Wording {
  readonly relation: string;
  readonly fact: string;
}

/** An uninterrupted time in which a claim held, with its evidence. */
export interface Interval {
  /** Sorted by time; never empty. */
  readonly supports: readonly Support[];
  readonly validAt: Date | null;
  readonly invalidAt: Date | null;
}

/** A support's position in time. A claim that had already ended when it was stated may have begun at any earlier time. */
export function sortTime({ begin, end, saidAt }: Support): number {
  if (begin) return begin.getTime();
  return end && end <= saidAt ? Number.NEGATIVE_INFINITY : saidAt.getTime();
}

/**
 * Computes when a claim held from all of its supports, so that the result does not depend on the order of ingestion.
 * An interval begins with a support and ends with the first closing after it: an end given by a support, or a rival's beginning
 * (`closings`). A support after the closing begins a new interval. A closing at the exact time of a support has no effect: two
 * supports of the same time coexist.
 */
export function intervalsOf(supports: readonly Support[], closings: readonly Date[]): Interval[] {
  const sorted = [...supports].sort((a, b) => sortTime(a) - sortTime(b) || (a.episode < b.episode ? -1 : 1));
  const moments = new Set(sorted.map(sortTime));
  const ends = [...closings, ...sorted.flatMap(({ end }) => end ?? [])]
    .map((end) => end.getTime())
    .filter((end) => !moments.has(end))
    .sort((a, b) => a - b);
  const intervals: Interval[] = [];
  for (let first = 0; first < sorted.length; ) {
    const start = sorted[first] as Support;
    const end = ends.find((x) => x > sortTime(start));
    const after = end === undefined ? -1 : sorted.findIndex((support) => sortTime(support) > end);
    const next = after < 0 ? sorted.length : after;
    const covered = sorted.slice(first, next);
    intervals.push({ supports: covered, validAt: start.begin, invalidAt: end === undefined ? null : new Date(end) });
    first = next;
  }
  return intervals;
}

/** One episode's evidence that every relation between two entities had ended. */
export interface Ending {
  readonly episode: string;
  readonly at: Date;
}

const NONE = '-';
const timeText = (date: Date | null) => (date ? toGraphTime(date) : NONE);
const readTime = (text: string | undefined) => (text === NONE ? null : fromGraphTime(text));

/**
 * Stored form, in a list of a `_Meta` node: `<episode> <said> <begin> <end>`, then attributes if there are any, then the
 * episode's own wording if it has one.
 */
export function supportText({ episode, saidAt, begin, end, attributes, words }: Support): string {
  const attributesField = attributes ? [encoded(attributes)] : words ? [NONE] : [];
  const wordsField = words ? [encoded([words.relation, words.fact])] : [];
  return [episode || NONE, toGraphTime(saidAt), timeText(begin), timeText(end), ...attributesField, ...wordsField].join(
    ' ',
  );
}

const encoded = (value: object) => encodeURIComponent(JSON.stringify(value));
const decoded = (text: string) => JSON.parse(decodeURIComponent(text));

function readSupport(text: string): Support {
  const [episode = '', saidAt, begin, end, attributes = NONE, words] = text.split(' ');
  const [relation, fact] = words ? decoded(words) : [];
  return {
    episode: episode === NONE ? '' : episode,
    saidAt: fromGraphTime(saidAt) ?? new Date(0),
    begin: readTime(begin),
    end: readTime(end),
    ...(attributes !== NONE && { attributes: decoded(attributes) }),
    ...(words && { words: { relation, fact } }),
  };
}

/** A stored support with its words and the texts of its attributes changed. */
export function maskSupport(text: string, mask: (text: string, episode: string) => string): string {
  const support = readSupport(text);
  const { attributes, words, episode } = support;
  if (!attributes && !words) return text;
  return supportText({
    ...support,
    ...(attributes && {
      attributes: mapTexts(attributes, (value) => mask(value, episode)) as NonNullable<Support['attributes']>,
    }),
    ...(words && { words: { relation: mask(words.relation, episode), fact: mask(words.fact, episode) } }),
  });
}

/** Names of the attributes that a stored fact has from its supports. */
export function supportedAttributes(fact: StoredFact | undefined): string[] {
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
 * The supports of a stored fact. Without stored evidence they follow from its properties: the first episode gave its dates,
 * each other episode says that it held at that episode's time. Python writes such facts, also some without an episode.
 * @param times reference times (graph format) of episodes
 */
export function supportsOf(fact: StoredFact, times: ReadonlyMap<string, string>): Support[] {
  if (fact.supports) return fact.supports.map(readSupport);
  const factTime = fromGraphTime(fact.referenceTime) ?? fromGraphTime(fact.createdAt) ?? new Date(0);
  const first = {
    episode: fact.episodes[0] ?? '',
    saidAt: factTime,
    begin: fromGraphTime(fact.validAt),
    end: fromGraphTime(fact.invalidAt),
  };
  const others = [...new Set(fact.episodes.slice(1))].filter((episode) => episode !== first.episode);
  return [
    first,
    ...others.map((episode) => {
      const saidAt = fromGraphTime(times.get(episode)) ?? factTime;
      // An episode after the end must not begin a second interval: its reference time may not be known exactly.
      const begin = first.end && saidAt >= first.end ? first.begin : saidAt;
      return { episode, saidAt, begin, end: null };
    }),
  ];
}

/**
 * One relation between two entities, stated by one or more episodes at one or more times. Each interval in which it held is a
 * fact of the graph.
 */
export interface Claim {
  readonly source: string;
  readonly target: string;
  /** Replaced by another support's wording once no support uses this one. */
  relation: string;
  fact: string;
  readonly supports: Support[];
  /** Keys of all wordings of the claim. */
  readonly wordings: Set<string>;
  /** Claims that cannot hold at the same time. */
  readonly rivals: Set<Claim>;
  /** uuids of facts of rivals, some of which may not be loaded. */
  readonly rivalUuids: Set<string>;
  /** The claim's facts in the graph. */
  readonly stored: StoredFact[];
  /** True when the claim gained a support or an ending, so that its intervals must be recomputed. */
  touched: boolean;
}

/** The claims involved in a commit. */
export interface Claims {
  readonly all: ReadonlySet<Claim>;
  /**
   * Adds facts of the graph; loaded ones are skipped.
   * @param pairs by `pairKey`: these are all facts between their two entities
   */
  load(facts: readonly StoredFact[], times: ReadonlyMap<string, string>, pairs: Iterable<string>): void;
  /** True when all facts between its two entities are loaded. */
  isComplete(claim: Claim): boolean;
  /** The claim between two entities with this wording, if any. */
  find(source: string, target: string, fact: string): Claim | undefined;
  between(one: string, other: string): Claim[];
  findByFact(uuid: string): Claim | undefined;
  add(source: string, target: string, relation: string, fact: string): Claim;
  /** Adds a wording in both directions, since it may name the two entities in either order. */
  addWording(claim: Claim, fact: string): void;
}

export function openClaims(): Claims {
  const all = new Set<Claim>();
  const byWords = new Map<string, Claim>();
  const byFact = new Map<string, Claim>();
  const byPair = new Map<string, Set<Claim>>();
  const completePairs = new Set<string>();

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
    claim.wordings.add(canonicalKey(fact));
    byWords.set(wordsKey(source, target, fact), claim);
    return claim;
  }

  function addWording(claim: Claim, fact: string): void {
    const { source, target } = claim;
    claim.wordings.add(canonicalKey(fact));
    for (const key of [wordsKey(source, target, fact), wordsKey(target, source, fact)])
      if (!byWords.has(key)) byWords.set(key, claim);
  }

  const find = (source: string, target: string, fact: string) => byWords.get(wordsKey(source, target, fact));

  return {
    all,
    add,
    addWording: addWording,
    find,
    between: (one, other) => [...(byPair.get(pairKey(one, other)) ?? [])],
    findByFact: (uuid) => byFact.get(uuid),
    isComplete: ({ source, target }) => completePairs.has(pairKey(source, target)),
    load(facts, times, pairs) {
      for (const pair of pairs) completePairs.add(pair);
      for (const fact of facts) {
        if (byFact.has(fact.uuid)) continue;
        const claim =
          find(fact.source, fact.target, fact.fact) ?? add(fact.source, fact.target, fact.relation, fact.fact);
        byFact.set(fact.uuid, claim);
        claim.stored.push(fact);
        claim.supports.push(...supportsOf(fact, times));
        for (const rival of fact.rivals ?? []) claim.rivalUuids.add(rival);
      }
      // Last: a fact's own text has precedence over other claims' wordings.
      for (const { uuid, wordings } of facts)
        for (const wording of wordings ?? []) addWording(byFact.get(uuid) as Claim, wording);
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

const wordsKey = (source: string, target: string, fact: string) => `${source} ${target} ${canonicalKey(fact)}`;
