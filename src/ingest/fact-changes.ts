import { derivedUuid } from '../derived-uuid.ts';
import type { AttributeChanges, ChangedFact, FactEvidence, NewFact, SplitFact } from '../graph/commit-changes.ts';
import { factKey } from '../graph/meta-keys.ts';
import type { StoredFact } from '../graph/queries/commit-reads.ts';
import { fromGraphTime, toGraphTime } from '../time.ts';
import {
  type Claim,
  type Claims,
  type Ending,
  type Interval,
  intervalsOf,
  pairKey,
  sortTime,
  supportedAttributes,
  supportText,
} from './claims.ts';
import { canonicalKey } from './name-keys.ts';

export type UnembeddedFact = Omit<NewFact, 'embedding'>;

/** A fact after the commit. */
export interface FactAfterCommit {
  readonly uuid: string;
  readonly claim: Claim;
  readonly interval: Interval;
  readonly stored: StoredFact | null;
}

export interface FactChanges {
  readonly facts: readonly FactAfterCommit[];
  readonly created: readonly UnembeddedFact[];
  /** Later parts of facts that held more than once. */
  readonly split: readonly SplitFact[];
  readonly changed: readonly ChangedFact[];
  readonly removed: readonly StoredFact[];
  readonly evidence: readonly FactEvidence[];
  /** uuids of facts whose stored evidence can be removed, since their properties say the same. */
  readonly withoutEvidence: readonly string[];
}

/** Endings by `pairKey`. */
export type Endings = ReadonlyMap<string, readonly Ending[]>;

/**
 * Recomputes when touched claims and their rivals held, and the changes of the graph that follow. Rivals of touched claims must be
 * loaded. The steps: compute each claim's intervals, give each interval a fact (a stored or a new one), and compare the facts with the graph.
 */
export function computeFactChanges(claims: Claims, endings: Endings, now: Date): FactChanges {
  const byClaim = sortedClaims(claims).map((claim) => ({ claim, facts: factsOf(claim, endings) }));
  const facts = byClaim.flatMap(({ facts }) => facts);
  const removed = byClaim.flatMap(({ claim, facts: after }) => unusedFacts(claim, after));
  const evidence = allEvidence(facts, removed);
  const created = facts.filter(({ stored }) => !stored);
  return {
    facts,
    created: created.filter(({ claim }) => claim.stored.length === 0).map((fact) => toNew(fact, now)),
    split: created.flatMap((fact) => toSplit(fact, now)),
    changed: facts.flatMap((fact) => toChanged(fact, now)),
    removed,
    evidence,
    withoutEvidence: withoutEvidence(facts, evidence),
  };
}

function factsOf(claim: Claim, endings: Endings): FactAfterCommit[] {
  return factsForIntervals(claim, intervalsOf(claim.supports, closingsOf(claim, endings)));
}

/** Stored facts of the claim for which there is no interval any more. */
function unusedFacts(claim: Claim, factsAfter: readonly FactAfterCommit[]): StoredFact[] {
  const used = new Set(factsAfter.map(({ uuid }) => uuid));
  return claim.stored.filter(({ uuid }) => !used.has(uuid));
}

function allEvidence(facts: readonly FactAfterCommit[], removed: readonly StoredFact[]): FactEvidence[] {
  const factsOfClaim = Map.groupBy(facts, ({ claim }) => claim);
  const uuidsOf = (claim: Claim) => (factsOfClaim.get(claim) ?? []).map(({ uuid }) => uuid);
  const removedUuids = new Set(removed.map(({ uuid }) => uuid));
  return facts.flatMap((fact) => evidenceOf(fact, removedUuids, uuidsOf));
}

function withoutEvidence(facts: readonly FactAfterCommit[], evidence: readonly FactEvidence[]): string[] {
  const written = new Set(evidence.map(({ key }) => key));
  return facts.flatMap(({ uuid, stored }) => (stored?.supports && !written.has(factKey(uuid)) ? [uuid] : []));
}

/** Touched claims and their rivals, always in the same order. */
function sortedClaims(claims: Claims): Claim[] {
  const touched = [...claims.all].filter((claim) => claim.touched);
  const all = [...new Set(touched.flatMap((claim) => [claim, ...claim.rivals]))];
  const key = ({ source, target, fact }: Claim) => `${source} ${target} ${fact}`;
  return all.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/**
 * The times at which a claim ended. Not all rivals of an untouched rival are loaded, so its stored ends count too.
 */
function closingsOf(claim: Claim, endings: Endings): Date[] {
  const supporters = new Set(claim.supports.map(({ episode }) => episode).filter((episode) => episode !== ''));
  const pairEndings = endings.get(pairKey(claim.source, claim.target)) ?? [];
  const storedEnds = claim.touched ? [] : claim.stored.flatMap(({ invalidAt }) => fromGraphTime(invalidAt) ?? []);
  // An ending in an episode that supports the claim is about another relation of the two.
  const ended = pairEndings.filter(({ episode }) => !supporters.has(episode)).map(({ at }) => at);
  // Claims that one episode states together do not exclude each other, whether or not they were compared before.
  const rivals = [...claim.rivals].filter(({ supports }) => !supports.some(({ episode }) => supporters.has(episode)));
  return [...storedEnds, ...ended, ...beginningsOf(rivals)];
}

function beginningsOf(rivals: readonly Claim[]): Date[] {
  return rivals
    .flatMap(({ supports }) => supports.map(sortTime))
    .filter(Number.isFinite)
    .map((time) => new Date(time));
}

/**
 * Gives each interval the uuid of a stored fact of the claim, or a new uuid derived from its content. A stored fact is taken by the interval that
 * would have made it, else by an interval with one of its episodes, else by the only interval.
 */
function factsForIntervals(claim: Claim, intervals: readonly Interval[]): FactAfterCommit[] {
  const free = new Set(claim.stored);
  const factOfEpisode = new Map(claim.stored.flatMap((fact) => fact.episodes.map((episode) => [episode, fact])));
  const storedOf = new Map<Interval, StoredFact>();
  const take = (interval: Interval, fact: StoredFact | undefined) => {
    if (fact && !storedOf.has(interval) && free.delete(fact)) storedOf.set(interval, fact);
  };
  for (const interval of intervals) {
    const derived = newUuid(claim, interval);
    take(
      interval,
      claim.stored.find(({ uuid }) => uuid === derived),
    );
  }
  for (const interval of intervals)
    for (const { episode } of interval.supports) take(interval, factOfEpisode.get(episode));
  if (intervals.length === 1) take(intervals[0] as Interval, [...free][0]);
  return intervals.map((interval) => {
    const stored = storedOf.get(interval) ?? null;
    return { uuid: stored?.uuid ?? newUuid(claim, interval), claim, interval, stored };
  });
}

function newUuid({ source, target, fact }: Claim, { supports, validAt }: Interval): string {
  return derivedUuid(
    'fact',
    supports[0]?.episode ?? '',
    source,
    target,
    canonicalKey(fact),
    String(validAt?.getTime()),
  );
}

function episodesOf({ supports }: Interval): string[] {
  return [...new Set(supports.map(({ episode }) => episode).filter((episode) => episode !== ''))];
}

function timesOf({ interval, stored }: FactAfterCommit, now: Date) {
  const { validAt, invalidAt } = interval;
  const firstSaid = Math.min(...interval.supports.map((support) => support.saidAt.getTime()));
  return {
    episodes: episodesOf(interval),
    validAt: validAt && toGraphTime(validAt),
    invalidAt: invalidAt && toGraphTime(invalidAt),
    expiredAt: invalidAt && (stored?.expiredAt ?? toGraphTime(now)),
    referenceTime: stored ? storedOrNew(stored.referenceTime, firstSaid) : toGraphTime(new Date(firstSaid)),
  };
}

/** The stored text if it is the same time, since Python writes microseconds, or if Python wrote none. */
function storedOrNew(stored: string | null, time: number): string | null {
  const storedTime = fromGraphTime(stored)?.getTime();
  return storedTime === undefined || storedTime === time ? stored : toGraphTime(new Date(time));
}

function toNew(fact: FactAfterCommit, now: Date): UnembeddedFact {
  const { relation, fact: sentence } = fact.claim;
  return { ...toPart(fact, toGraphTime(now), now), relation, fact: sentence };
}

function toSplit(fact: FactAfterCommit, now: Date): SplitFact[] {
  const { stored } = fact.claim;
  const [whole] = stored;
  if (!whole) return [];
  // The supports of the later part were known since the first fact with one of its episodes.
  const partEpisodes = new Set(episodesOf(fact.interval));
  const [firstCreated] = stored
    .filter(({ episodes }) => episodes.some((episode) => partEpisodes.has(episode)))
    .map(({ createdAt }) => createdAt)
    .sort();
  const createdAt = firstCreated ?? toGraphTime(now);
  return [{ ...toPart(fact, createdAt, now), of: whole.uuid }];
}

function toPart(fact: FactAfterCommit, createdAt: string, now: Date) {
  const { uuid, claim } = fact;
  const { source, target } = claim;
  return { uuid, source, target, attributes: attributesOf(fact), createdAt, ...timesOf(fact, now) };
}

function toChanged(fact: FactAfterCommit, now: Date): ChangedFact[] {
  const { uuid, stored } = fact;
  if (!stored) return [];
  const times = timesOf(fact, now);
  const isSame =
    sameTime(times.validAt, stored.validAt) &&
    sameTime(times.invalidAt, stored.invalidAt) &&
    times.referenceTime === stored.referenceTime &&
    times.episodes.join() === stored.episodes.join();
  const attributes = attributesOf(fact);
  return isSame && Object.keys(attributes).length === 0
    ? []
    : [{ uuid, source: stored.source, target: stored.target, attributes, ...times }];
}

/** Attributes of the interval's own supports, the latest last; attributes from other intervals of the claim are removed. */
function attributesOf({ claim, interval, stored }: FactAfterCommit): AttributeChanges {
  if (!claim.touched) return {};
  const previous = supportedAttributes(stored ?? claim.stored[0]);
  return Object.assign(
    Object.fromEntries(previous.map((name) => [name, null])),
    ...interval.supports.map(({ attributes }) => attributes),
  );
}

function sameTime(one: string | null, other: string | null): boolean {
  return fromGraphTime(one)?.getTime() === fromGraphTime(other)?.getTime();
}

/** Empty for a fact whose properties say everything. */
function evidenceOf(
  { uuid, claim, interval }: FactAfterCommit,
  removedUuids: ReadonlySet<string>,
  uuidsOf: (claim: Claim) => string[],
): FactEvidence[] {
  const [first] = interval.supports;
  const storedRivals = [...claim.rivalUuids].filter((rival) => !removedUuids.has(rival));
  const rivals = [...new Set([...storedRivals, ...[...claim.rivals].flatMap(uuidsOf)])].sort();
  const wordings = [...claim.wordings].filter((wording) => wording !== canonicalKey(claim.fact)).sort();
  const ownEnd = first?.end && sortTime(first) < first.end.getTime() ? first.end.getTime() : undefined;
  const isPlain = interval.supports.length === 1 && !first?.attributes && rivals.length === 0 && wordings.length === 0;
  if (isPlain && interval.invalidAt?.getTime() === ownEnd) return [];
  return [{ key: factKey(uuid), supports: interval.supports.map(supportText), rivals, wordings }];
}
