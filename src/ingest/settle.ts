import { derivedUuid } from '../derived-uuid.ts';
import type { Attributes, ChangedFact, CutFact, FactEvidence, NewFact } from '../graph/changes.ts';
import type { StoredFact } from '../graph/queries/find-facts.ts';
import { fromGraphTime, toGraphTime } from '../time.ts';
import {
  attributesTold,
  type Claim,
  type Claims,
  type Ending,
  order,
  pairKey,
  type Span,
  type Support,
  spansOf,
  supportText,
} from './claims.ts';
import { factKey, sameKey } from './names.ts';

export type UnembeddedFact = Omit<NewFact, 'embedding'>;

/** A fact as it stands after the commit. */
export interface SettledFact {
  readonly uuid: string;
  readonly claim: Claim;
  readonly span: Span;
  readonly stored: StoredFact | null;
}

export interface Settled {
  readonly facts: readonly SettledFact[];
  readonly created: readonly UnembeddedFact[];
  /** Later parts of facts that turned out to have held twice. */
  readonly cut: readonly CutFact[];
  readonly changed: readonly ChangedFact[];
  readonly removed: readonly StoredFact[];
  readonly evidence: readonly FactEvidence[];
  /** uuids of facts whose own properties tell all again, so that what was noted beside them can go. */
  readonly plain: readonly string[];
}

/** Endings by `pairKey`. */
export type Endings = ReadonlyMap<string, readonly Ending[]>;

/**
 * Works out anew when the claims held of which something was learnt, and their rivals, and what of the graph has to change for
 * that. Rivals of touched claims must be loaded.
 */
export function settle(claims: Claims, endings: Endings, now: Date): Settled {
  const facts: SettledFact[] = [];
  const removed: StoredFact[] = [];
  for (const claim of inOrder(claims)) {
    const spans = spansOf(claim.supports, closingsOf(claim, endings));
    const named = nameSpans(claim, spans);
    facts.push(...named);
    const kept = new Set(named.map(({ uuid }) => uuid));
    removed.push(...claim.stored.filter(({ uuid }) => !kept.has(uuid)));
  }
  const uuidsOf = Map.groupBy(facts, ({ claim }) => claim);
  const gone = new Set(removed.map(({ uuid }) => uuid));
  const evidence = facts.flatMap((fact) =>
    evidenceOf(fact, gone, (rival) => (uuidsOf.get(rival) ?? []).map(({ uuid }) => uuid)),
  );
  const noted = new Set(evidence.map(({ key }) => key));
  const fresh = facts.filter(({ stored }) => !stored);
  return {
    facts,
    created: fresh.filter(({ claim }) => claim.stored.length === 0).map((fact) => toNew(fact, now)),
    cut: fresh.flatMap((fact) => toCut(fact, now)),
    changed: facts.flatMap((fact) => toChanged(fact, now)),
    removed,
    evidence,
    plain: facts.flatMap(({ uuid, stored }) => (stored?.supports && !noted.has(factKey(uuid)) ? [uuid] : [])),
  };
}

/** Touched claims and their rivals, always in the same order. */
function inOrder(claims: Claims): Claim[] {
  const touched = [...claims.all].filter((claim) => claim.touched);
  const all = [...new Set(touched.flatMap((claim) => [claim, ...claim.rivals]))];
  const key = ({ source, target, fact }: Claim) => `${source} ${target} ${fact}`;
  return all.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/**
 * What ended a claim. Of a rival that nothing was learnt about not all rivals need be loaded; it ends where it ended before, or
 * sooner.
 */
function closingsOf(claim: Claim, endings: Endings): Date[] {
  const said = new Set(claim.supports.map(({ episode }) => episode).filter((episode) => episode !== ''));
  const told = endings.get(pairKey(claim.source, claim.target)) ?? [];
  const before = claim.touched ? [] : claim.stored.flatMap(({ invalidAt }) => fromGraphTime(invalidAt) ?? []);
  // An episode that says both that it holds and that something between the two ended means something else by that.
  const ended = told.filter(({ episode }) => !said.has(episode)).map(({ at }) => at);
  // Nor do two rule each other out that one episode states together; without it they may have been compared before or not.
  const rivals = [...claim.rivals].filter(({ supports }) => !supports.some(({ episode }) => said.has(episode)));
  return [...before, ...ended, ...beginningsOf(rivals)];
}

function beginningsOf(rivals: readonly Claim[]): Date[] {
  return rivals
    .flatMap(({ supports }) => supports.map(order))
    .filter(Number.isFinite)
    .map((time) => new Date(time));
}

/** Gives each span the uuid of the fact that stands for it, or a new one that follows from what it is. */
function nameSpans(claim: Claim, spans: readonly Span[]): SettledFact[] {
  const free = new Set(claim.stored);
  const holderOf = new Map(claim.stored.flatMap((fact) => fact.episodes.map((episode) => [episode, fact])));
  const named = new Map<Span, StoredFact>();
  const take = (span: Span, fact: StoredFact | undefined) => {
    if (fact && free.delete(fact)) named.set(span, fact);
  };
  for (const span of spans)
    take(
      span,
      claim.stored.find(({ uuid }) => uuid === newUuid(claim, span)),
    );
  for (const span of spans)
    for (const { episode } of span.supports) if (!named.has(span)) take(span, holderOf.get(episode));
  for (const span of spans) if (!named.has(span) && spans.length === 1) take(span, [...free][0]);
  return spans.map((span) => {
    const stored = named.get(span) ?? null;
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
  const said = Math.min(...span.supports.map((support) => support.said.getTime()));
  return {
    episodes: episodesOf(span),
    validAt: validAt && toGraphTime(validAt),
    invalidAt: invalidAt && toGraphTime(invalidAt),
    expiredAt: invalidAt && (stored?.expiredAt ?? toGraphTime(now)),
    referenceTime: stored ? keptTime(stored.referenceTime, said) : toGraphTime(new Date(said)),
  };
}

/** As it stands where it is the same moment, which Python writes to the microsecond, or where Python wrote none. */
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
  // What was said of the later part was known before.
  const said = new Set(episodesOf(fact.span));
  const known = stored.filter(({ episodes }) => episodes.some((episode) => said.has(episode)));
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

/** Those that its own supports tell, the latest last; what others told of the fact that it was a part of is not of its time. */
function attributesOf({ claim, span, stored }: SettledFact): Attributes {
  if (!claim.touched) return {};
  const before = attributesTold(stored ?? claim.stored[0]);
  return Object.assign(
    Object.fromEntries(before.map((name) => [name, null])),
    ...span.supports.map(({ attributes }) => attributes),
  );
}

function sameTime(one: string | null, other: string | null): boolean {
  return fromGraphTime(one)?.getTime() === fromGraphTime(other)?.getTime();
}

/** None for a fact whose own properties tell all. */
function evidenceOf(
  { uuid, claim, span }: SettledFact,
  gone: ReadonlySet<string>,
  uuidsOf: (claim: Claim) => string[],
): FactEvidence[] {
  const [first] = span.supports;
  const known = [...claim.rivalUuids].filter((rival) => !gone.has(rival));
  const rivals = [...new Set([...known, ...[...claim.rivals].flatMap(uuidsOf)])].sort();
  const wordings = [...claim.wordings].filter((wording) => wording !== sameKey(claim.fact)).sort();
  const ownEnd = first?.end && order(first) < first.end.getTime() ? first.end.getTime() : undefined;
  const isPlain = span.supports.length === 1 && !first?.attributes && rivals.length === 0 && wordings.length === 0;
  if (isPlain && span.invalidAt?.getTime() === ownEnd) return [];
  return [{ key: factKey(uuid), supports: span.supports.map((it: Support) => supportText(it)), rivals, wordings }];
}
