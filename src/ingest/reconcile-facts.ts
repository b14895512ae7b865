import type { StoredFact } from '../graph/queries/find-facts.ts';
import type { ExtractedFact } from '../models/language-model.ts';
import { fromGraphTime } from '../time.ts';
import { type Claim, type Claims, type Ending, makeRivals, pairKey } from './claims.ts';
import type { Extracted } from './extract.ts';
import type { Judged } from './judge.ts';
import { sameKey } from './names.ts';
import type { Resolution } from './resolve-entities.ts';
import { possible, type Statement } from './statements.ts';

/** What the batch taught, set beside what was known. */
export interface Reconciled {
  /** The claim that each statement supports; none for one whose two ends turned out to be one thing. */
  readonly claimOf: ReadonlyMap<Statement, Claim>;
  /** All that is known to have ended between two entities, by `pairKey`. */
  readonly endings: ReadonlyMap<string, readonly Ending[]>;
  /** The pairs of which the batch says that something ended. */
  readonly endedNow: ReadonlySet<string>;
}

/**
 * Lets each statement support a claim: one that is known in the same words or, as the model judged, in others; or else a new
 * one. What contradicts becomes rivals, what ended is noted for the pair, also when nothing is known between the two yet.
 */
export function reconcileFacts(
  batch: readonly Extracted[],
  statements: readonly Statement[],
  claims: Claims,
  known: ReadonlyMap<string, readonly Ending[]>,
  { byKey }: Resolution,
  judged: Judged,
): Reconciled {
  const claimOf = new Map<Statement, Claim>();
  const claimOfOther = (other: Other | undefined) => (other && 'stated' in other ? claimOf.get(other) : other);
  const uuidOf = (name: string) => byKey.get(sameKey(name))?.uuid ?? '';

  for (const statement of statements) {
    const { stated, episode } = statement;
    const [source, target] = [uuidOf(stated.source), uuidOf(stated.target)];
    if (source === target) continue;
    const repeated = claimOfOther(judged.repeats.get(statement));
    const isRepeat = repeated && pairKey(repeated.source, repeated.target) === pairKey(source, target);
    const claim =
      claims.find(source, target, stated.fact) ??
      (isRepeat ? repeated : claims.add(source, target, stated.relation, stated.fact));
    if (claim === repeated) claims.reword(claim, stated.fact);
    support(claim, stated, episode);
    claimOf.set(statement, claim);
  }
  for (const [statement, others] of judged.contradicts) {
    const claim = claimOf.get(statement);
    for (const other of others.map(claimOfOther))
      if (claim && other && shareEnd(claim, other)) makeRivals(claim, other);
  }
  return { claimOf, ...noteEndings(batch, claims, known, uuidOf) };
}

function support(claim: Claim, stated: ExtractedFact, episode: Extracted['episode']): void {
  const { validAt, invalidAt, attributes, relation, fact } = stated;
  const said = episode.referenceTime;
  // What is told without a beginning holds since the episode, unless it had ended by then: since when is not known.
  const begin = validAt ?? (invalidAt && invalidAt <= said ? null : said);
  const isSaid = claim.supports.some(
    (it) => it.episode === episode.uuid && isSame(it.begin, begin) && isSame(it.end, invalidAt),
  );
  if (isSaid && !attributes) return;
  const own = sameKey(fact) === sameKey(claim.fact) ? {} : { words: { relation, fact } };
  claim.supports.push({
    episode: episode.uuid,
    said,
    begin,
    end: invalidAt,
    ...(attributes && { attributes }),
    ...own,
  });
  claim.touched = true;
}

const isSame = (one: Date | null, other: Date | null) => one?.getTime() === other?.getTime();

function shareEnd(one: Claim, other: Claim): boolean {
  const ends = new Set([one.source, one.target]);
  return ends.has(other.source) || ends.has(other.target);
}

function noteEndings(
  batch: readonly Extracted[],
  claims: Claims,
  known: ReadonlyMap<string, readonly Ending[]>,
  uuidOf: (name: string) => string,
) {
  const endings = new Map<string, Ending[]>([...known].map(([pair, told]) => [pair, [...told]]));
  const endedNow = new Set<string>();
  for (const { episode, extraction } of batch)
    for (const { source, target, at } of extraction.ended) {
      const [one, other] = [uuidOf(source), uuidOf(target)];
      const pair = pairKey(one, other);
      const told = endings.get(pair) ?? [];
      if (one === other || told.some((it) => it.episode === episode.uuid && it.at.getTime() === at.getTime())) continue;
      endings.set(pair, [...told, { episode: episode.uuid, at }]);
      endedNow.add(pair);
      for (const claim of claims.between(one, other)) claim.touched = true;
    }
  return { endings, endedNow };
}

/** Something that a statement may repeat or contradict: what the graph has, or what another episode of the batch says. */
export type Other = Claim | Statement;

/** As many as are looked up in the graph, of either kind of likeness. */
const MOST_OF_A_KIND = 5;
/** Cosine from which on two statements of a batch may have to do with the same. */
const NEAR = 0.4;

interface Candidate {
  readonly other: Other;
  /** Since when it holds, where it says the same kind of thing of the same source (milliseconds since 1970). */
  readonly since: number | null;
  /** The cosine, where it is near in meaning. */
  readonly near: number | null;
}

/**
 * What each statement is compared with: the latest that say the same kind of thing of the same source, and the nearest in
 * meaning. What is known and what the batch says are ranked together, so that it matters little what came in one batch.
 */
export function othersOf(
  statements: readonly Statement[],
  claims: Claims,
  facts: readonly StoredFact[],
): (statement: Statement) => Other[] {
  const found = foundFor(facts);
  const first = firstInTheirWords(statements);
  return (statement) => {
    const said = knownClaim(statement, claims);
    if (said && isSettled(said)) return [];
    if (!first.has(statement)) return [];
    const known = (found.get(statement.place) ?? []).flatMap((fact) => fromGraph(fact, statement, claims));
    const told = [...first]
      .filter(({ place, episode }) => place < statement.place && episode !== statement.episode)
      .flatMap((other) => fromBatch(other, statement, claims));
    return ranked([...known, ...told].filter(({ other }) => other !== said));
  };
}

/** Its rivals are known, or there are none: the same was said before in the same words, and it had not ended. */
function isSettled({ rivals, rivalUuids, stored }: Claim): boolean {
  return rivals.size > 0 || rivalUuids.size > 0 || stored.some(({ invalidAt }) => !invalidAt);
}

function ranked(candidates: readonly Candidate[]): Other[] {
  const first = (of: (candidate: Candidate) => number | null) => {
    const sorted = candidates
      .flatMap((candidate) => ({ other: candidate.other, rank: of(candidate) }))
      .flatMap(({ other, rank }) => (rank === null ? [] : [{ other, rank }]))
      .sort((a, b) => b.rank - a.rank);
    return [...new Set(sorted.map(({ other }) => other))].slice(0, MOST_OF_A_KIND);
  };
  return [...new Set([...first(({ since }) => since), ...first(({ near }) => near)])];
}

/** For each statement's place the stored facts that it may have to do with, and all that was measured of them. */
function foundFor(facts: readonly StoredFact[]): Map<number, { fact: StoredFact; nears: number[] }[]> {
  const byPlace = new Map<number, { fact: StoredFact; nears: number[] }[]>();
  for (const fact of facts)
    for (const [place, nears] of Map.groupBy(fact.found, ([at]) => at))
      if (place >= 0) {
        const others = byPlace.get(place) ?? [];
        others.push({ fact, nears: nears.map(([, near]) => near) });
        byPlace.set(place, others);
      }
  return byPlace;
}

function fromGraph(
  { fact, nears }: { readonly fact: StoredFact; readonly nears: readonly number[] },
  { source, stated }: Statement,
  claims: Claims,
): Candidate[] {
  const other = claims.ofFact(fact.uuid);
  if (!other) return [];
  const isOfKind = fact.relation === stated.relation && possible(source).some(({ uuid }) => uuid === fact.source);
  const since = isOfKind ? (fromGraphTime(fact.validAt)?.getTime() ?? Number.POSITIVE_INFINITY) : null;
  // What was found as of the same kind has 1 for that; when it was also found by its vector the lower one is the cosine.
  const near = Math.min(...nears);
  return [{ other, since, near: isOfKind && near === 1 ? null : near }];
}

function fromBatch(told: Statement, statement: Statement, claims: Claims): Candidate[] {
  const ends = new Set([statement.source, statement.target]);
  if (!ends.has(told.source) && !ends.has(told.target)) return [];
  const isOfKind = told.source === statement.source && told.stated.relation === statement.stated.relation;
  const cosine = cosineOf(told.vector, statement.vector);
  if (!isOfKind && cosine < NEAR) return [];
  return [
    {
      other: certainClaim(told, claims) ?? told,
      since: isOfKind ? (told.stated.validAt ?? told.episode.referenceTime).getTime() : null,
      near: cosine < NEAR ? null : cosine,
    },
  ];
}

/** The graph, too, would have each only once. */
function firstInTheirWords(statements: readonly Statement[]): Set<Statement> {
  const byWords = new Map<string, Statement>();
  for (const statement of statements) {
    const { source, target, stated } = statement;
    const words = JSON.stringify([source.thing.key, target.thing.key, sameKey(stated.fact)]);
    if (!byWords.has(words)) byWords.set(words, statement);
  }
  return new Set(byWords.values());
}

function knownClaim({ stated, source, target }: Statement, claims: Claims): Claim | undefined {
  for (const { uuid } of possible(source))
    for (const { uuid: other } of possible(target)) {
      const claim = claims.find(uuid, other, stated.fact);
      if (claim) return claim;
    }
  return undefined;
}

/** The claim that a statement supports without doubt. */
function certainClaim({ stated, source, target }: Statement, claims: Claims): Claim | undefined {
  return source.known && target.known ? claims.find(source.known.uuid, target.known.uuid, stated.fact) : undefined;
}

/** Of vectors of length 1. */
function cosineOf(one: readonly number[], other: readonly number[]): number {
  let sum = 0;
  for (let index = 0; index < one.length; index += 1) sum += (one[index] ?? 0) * (other[index] ?? 0);
  return sum;
}
