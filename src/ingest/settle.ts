import { derivedUuid } from '../derived-uuid.ts';
import type { Attributes, ChangedFact, CutFact, FactEvidence, NewFact } from '../graph/changes.ts';
import type { StoredFact } from '../graph/queries/find-facts.ts';
import { fromGraphTime, toGraphTime } from '../time.ts';
import {
  type Claim,
  type Claims,
  type Ending,
  pairKey,
  type Span,
  type Support,
  sortTime,
  spansOf,
  supportedAttributes,
  supportText,
} from './claims.ts';
import { factKey, sameKey } from './names.ts';

export type UnembeddedFact = Omit<NewFact, 'embedding'>;

/** A fact after the commit. */
export interface SettledFact {
  readonly uuid: string;
  readonly claim: Claim;
  readonly span: Span;
  readonly stored: StoredFact | null;
}

export interface Settled {
  readonly facts: readonly SettledFact[];
  readonly created: readonly UnembeddedFact[];
  /** Later parts of facts that held more than once. */
  readonly cut: readonly CutFact[];
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
 * loaded.
 */
export function settle(claims: Claims, endings: Endings, now: Date): Settled {
  const facts: SettledFact[] = [];
  const removed: StoredFact[] = [];
  for (const claim of sortedClaims(claims)) {
    const spans = spansOf(claim.supports, closingsOf(claim, endings));
    const settledFacts = nameSpans(claim, spans);
    facts.push(...settledFacts);
    const kept = new Set(settledFacts.map(({ uuid }) => uuid));
    removed.push(...claim.stored.filter(({ uuid }) => !kept.has(uuid)));
  }
  const uuidsOf = Map.groupBy(facts, ({ claim }) => claim);
  const removedUuids = new Set(removed.map(({ uuid }) => uuid));
  const evidence = facts.flatMap((fact) =>
    evidenceOf(fact, removedUuids, (rival) => (uuidsOf.get(rival) ?? []).map(({ uuid }) => uuid)),
  );
  const noted = new Set(evidence.map(({ key }) => key));
  const created = facts.filter(({ stored }) => !stored);
  return {
    facts,
    created: created.filter(({ claim }) => claim.stored.length === 0).map((fact) => toNew(fact, now)),
    cut: created.flatMap((fact) => toCut(fact, now)),
    changed: facts.flatMap((fact) => toChanged(fact, now)),
    removed,
    evidence,
    withoutEvidence: facts.flatMap(({ uuid, stored }) => (stored?.supports && !noted.has(factKey(uuid)) ? [uuid] : [])),
  };
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
  const before = claim.touched ? [] : claim.stored.flatMap(({ invalidAt }) => fromGraphTime(invalidAt) ?? []);
  // An ending in an episode that supports the claim is about another relation of the two.
  const ended = pairEndings.filter(({ episode }) => !supporters.has(episode)).map(({ at }) => at);
  // Claims that one episode states together do not exclude each other, whether or not they were compared before.
  const rivals = [...claim.rivals].filter(({ supports }) => !supports.some(({ episode }) => supporters.has(episode)));
  return [...before, ...ended, ...beginningsOf(rivals)];
}

function beginningsOf(rivals: readonly Claim[]): Date[] {
  return rivals
    .flatMap(({ supports }) => supports.map(sortTime))
    .filter(Number.isFinite)
    .map((time) => new Date(time));
}

/** Gives each span the uuid of its stored fact, or a new uuid derived from its content. */
function nameSpans(claim: Claim, spans: readonly Span[]): SettledFact[] {
  const free = new Set(claim.stored);
  const holderOf = new Map(claim.stored.flatMap((fact) => fact.episodes.map((episode) => [episode, fact])));
  const settledFacts = new Map<Span, StoredFact>();
  const take = (span: Span, fact: StoredFact | undefined) => {
    if (fact && free.delete(fact)) settledFacts.set(span, fact);
  };
  for (const span of spans)
    take(
      span,
      claim.stored.find(({ uuid }) => uuid === newUuid(claim, span)),
    );
  for (const span of spans)
    for (const { episode } of span.supports) if (!settledFacts.has(span)) take(span, holderOf.get(episode));
  for (const span of spans) if (!settledFacts.has(span) && spans.length === 1) take(span, [...free][0]);
  return spans.map((span) => {
    const stored = settledFacts.get(span) ?? null;
    return { uuid: stored?.uuid ?? newUuid(claim, span), claim, span, stored };
  });
}

function newUuid({ source, target, fact }: Claim, { supports, validAt }: Span): string {
  return derivedUuid('fact', supports[0]?.episode ?? '', source, target, sameKey(fact), String(validAt?.getTime()));
}

function episodesOf({ supports }: Span): string[] {
  return [...new Set(supports.map(({ episode }) => episode).filter((episode) => episode !== ''))];
}

function timesOf({ span, stored }: SettledFact, now: Date) {
  const { validAt, invalidAt } = span;
  const firstSaid = Math.min(...span.supports.map((support) => support.saidAt.getTime()));
  return {
    episodes: episodesOf(span),
    validAt: validAt && toGraphTime(validAt),
    invalidAt: invalidAt && toGraphTime(invalidAt),
    expiredAt: invalidAt && (stored?.expiredAt ?? toGraphTime(now)),
    referenceTime: stored ? keptTime(stored.referenceTime, firstSaid) : toGraphTime(new Date(firstSaid)),
  };
}

/** The stored text if it is the same time, since Python writes microseconds, or if Python wrote none. */
function keptTime(stored: string | null, time: number): string | null {
  const known = fromGraphTime(stored)?.getTime();
  return known === undefined || known === time ? stored : toGraphTime(new Date(time));
}

function toNew(fact: SettledFact, now: Date): UnembeddedFact {
  const { relation, fact: sentence } = fact.claim;
  return { ...toPart(fact, toGraphTime(now), now), relation, fact: sentence };
}

function toCut(fact: SettledFact, now: Date): CutFact[] {
  const { stored } = fact.claim;
  const [whole] = stored;
  if (!whole) return [];
  // The statements of the later part were known before.
  const partEpisodes = new Set(episodesOf(fact.span));
  const known = stored.filter(({ episodes }) => episodes.some((episode) => partEpisodes.has(episode)));
  const createdAt = known.map((it) => it.createdAt).sort()[0] ?? toGraphTime(now);
  return [{ ...toPart(fact, createdAt, now), of: whole.uuid }];
}

function toPart(fact: SettledFact, createdAt: string, now: Date) {
  const { uuid, claim } = fact;
  const { source, target } = claim;
  return { uuid, source, target, attributes: attributesOf(fact), createdAt, ...timesOf(fact, now) };
}

function toChanged(fact: SettledFact, now: Date): ChangedFact[] {
  const { uuid, stored } = fact;
  if (!stored) return [];
  const times = timesOf(fact, now);
  const same =
    sameTime(times.validAt, stored.validAt) &&
    sameTime(times.invalidAt, stored.invalidAt) &&
    times.referenceTime === stored.referenceTime &&
    times.episodes.join() === stored.episodes.join();
  const attributes = attributesOf(fact);
  return same && Object.keys(attributes).length === 0
    ? []
    : [{ uuid, source: stored.source, target: stored.target, attributes, ...times }];
}

/** Attributes of the span's own supports, the latest last; attributes from other spans of the claim are removed. */
function attributesOf({ claim, span, stored }: SettledFact): Attributes {
  if (!claim.touched) return {};
  const before = supportedAttributes(stored ?? claim.stored[0]);
  return Object.assign(
    Object.fromEntries(before.map((name) => [name, null])),
    ...span.supports.map(({ attributes }) => attributes),
  );
}

function sameTime(one: string | null, other: string | null): boolean {
  return fromGraphTime(one)?.getTime() === fromGraphTime(other)?.getTime();
}

/** Empty for a fact whose properties say everything. */
function evidenceOf(
  { uuid, claim, span }: SettledFact,
  removedUuids: ReadonlySet<string>,
  uuidsOf: (claim: Claim) => string[],
): FactEvidence[] {
  const [first] = span.supports;
  const known = [...claim.rivalUuids].filter((rival) => !removedUuids.has(rival));
  const rivals = [...new Set([...known, ...[...claim.rivals].flatMap(uuidsOf)])].sort();
  const wordings = [...claim.wordings].filter((wording) => wording !== sameKey(claim.fact)).sort();
  const ownEnd = first?.end && sortTime(first) < first.end.getTime() ? first.end.getTime() : undefined;
  const isPlain = span.supports.length === 1 && !first?.attributes && rivals.length === 0 && wordings.length === 0;
  if (isPlain && span.invalidAt?.getTime() === ownEnd) return [];
  return [{ key: factKey(uuid), supports: span.supports.map((it: Support) => supportText(it)), rivals, wordings }];
}
