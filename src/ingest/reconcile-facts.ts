import type { StoredFact } from '../graph/queries/find-facts.ts';
import type { ExtractedFact } from '../models/language-model.ts';
import { fromGraphTime } from '../time.ts';
import { type Claim, type Claims, type Ending, makeRivals, pairKey } from './claims.ts';
import type { Extracted } from './extract.ts';
import type { Judged } from './judge.ts';
import { sameKey } from './names.ts';
import type { Resolution } from './resolve-entities.ts';
import { possibleEntities, type Statement } from './statements.ts';

/** The batch's statements matched with known claims. */
export interface Reconciled {
  /** The claim that each statement supports; none for a statement whose two ends are the same entity. */
  readonly claimOf: ReadonlyMap<Statement, Claim>;
  /** All known endings between two entities, by `pairKey`. */
  readonly endings: ReadonlyMap<string, readonly Ending[]>;
  /** The pairs for which the batch has a new ending. */
  readonly endedNow: ReadonlySet<string>;
}

/**
 * Makes each statement a support of a claim: one with the same wording, one that the model judged to be a repetition, or a new one.
 * Contradicting claims become rivals. An ending is stored for its pair, also when no claim between the two is known yet.
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
    if (claim === repeated) claims.addWording(claim, stated.fact);
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
  const saidAt = episode.referenceTime;
  // A fact without a beginning holds since the episode; if it had ended by then, its beginning is unknown.
  const begin = validAt ?? (invalidAt && invalidAt <= saidAt ? null : saidAt);
  const isRepeated = claim.supports.some(
    (it) => it.episode === episode.uuid && isSame(it.begin, begin) && isSame(it.end, invalidAt),
  );
  if (isRepeated && !attributes) return;
  const otherWords = sameKey(fact) === sameKey(claim.fact) ? {} : { words: { relation, fact } };
  claim.supports.push({
    episode: episode.uuid,
    saidAt: saidAt,
    begin,
    end: invalidAt,
    ...(attributes && { attributes }),
    ...otherWords,
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
  const endings = new Map<string, Ending[]>([...known].map(([pair, pairEndings]) => [pair, [...pairEndings]]));
  const endedNow = new Set<string>();
  for (const { episode, extraction } of batch)
    for (const { source, target, at } of extraction.ended) {
      const [one, other] = [uuidOf(source), uuidOf(target)];
      const pair = pairKey(one, other);
      const pairEndings = endings.get(pair) ?? [];
      if (one === other || pairEndings.some((it) => it.episode === episode.uuid && it.at.getTime() === at.getTime()))
        continue;
      endings.set(pair, [...pairEndings, { episode: episode.uuid, at }]);
      endedNow.add(pair);
      for (const claim of claims.between(one, other)) claim.touched = true;
    }
  return { endings, endedNow };
}

/** What a statement may repeat or contradict: a claim of the graph, or another episode's statement in the batch. */
export type Other = Claim | Statement;

/** As many as the graph lookup returns, for each kind of similarity. */
const MAX_PER_KIND = 5;
/** Cosine from which on two statements of a batch may be about the same thing. */
const NEAR = 0.4;

interface Candidate {
  readonly other: Other;
  /** Beginning, in milliseconds since 1970, if it has the same source and relation. */
  readonly since: number | null;
  /** The cosine, if it is similar in meaning. */
  readonly near: number | null;
}

/**
 * Candidates for the comparison of each statement: the latest with the same source and relation, and the nearest in meaning.
 * Claims of the graph and statements of the batch are ranked together, so that batching hardly changes the result.
 */
export function othersOf(
  statements: readonly Statement[],
  claims: Claims,
  facts: readonly StoredFact[],
): (statement: Statement) => Other[] {
  const found = foundFor(facts);
  const first = firstInTheirWords(statements);
  return (statement) => {
    const existing = knownClaim(statement, claims);
    if (existing && isSettled(existing)) return [];
    if (!first.has(statement)) return [];
    const known = (found.get(statement.place) ?? []).flatMap((fact) => fromGraph(fact, statement, claims));
    const inBatch = [...first]
      .filter(({ place, episode }) => place < statement.place && episode !== statement.episode)
      .flatMap((other) => fromBatch(other, statement, claims));
    return ranked([...known, ...inBatch].filter(({ other }) => other !== existing));
  };
}

/** The claim's rivals are known, or there are none: it was stated before in the same words, and has not ended. */
function isSettled({ rivals, rivalUuids, stored }: Claim): boolean {
  return rivals.size > 0 || rivalUuids.size > 0 || stored.some(({ invalidAt }) => !invalidAt);
}

function ranked(candidates: readonly Candidate[]): Other[] {
  const first = (of: (candidate: Candidate) => number | null) => {
    const sorted = candidates
      .flatMap((candidate) => ({ other: candidate.other, rank: of(candidate) }))
      .flatMap(({ other, rank }) => (rank === null ? [] : [{ other, rank }]))
      .sort((a, b) => b.rank - a.rank);
    return [...new Set(sorted.map(({ other }) => other))].slice(0, MAX_PER_KIND);
  };
  return [...new Set([...first(({ since }) => since), ...first(({ near }) => near)])];
}

/** For each statement's place the stored candidate facts, with all measured similarities. */
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
  const other = claims.findByFact(fact.uuid);
  if (!other) return [];
  const isOfKind =
    fact.relation === stated.relation && possibleEntities(source).some(({ uuid }) => uuid === fact.source);
  const since = isOfKind ? (fromGraphTime(fact.validAt)?.getTime() ?? Number.POSITIVE_INFINITY) : null;
  // A fact found by source and relation has similarity 1; if it was also found by its vector, the lower value is the cosine.
  const near = Math.min(...nears);
  return [{ other, since, near: isOfKind && near === 1 ? null : near }];
}

function fromBatch(earlier: Statement, statement: Statement, claims: Claims): Candidate[] {
  const ends = new Set([statement.source, statement.target]);
  if (!ends.has(earlier.source) && !ends.has(earlier.target)) return [];
  const isOfKind = earlier.source === statement.source && earlier.stated.relation === statement.stated.relation;
  const cosine = cosineOf(earlier.vector, statement.vector);
  if (!isOfKind && cosine < NEAR) return [];
  return [
    {
      other: certainClaim(earlier, claims) ?? earlier,
      since: isOfKind ? (earlier.stated.validAt ?? earlier.episode.referenceTime).getTime() : null,
      near: cosine < NEAR ? null : cosine,
    },
  ];
}

/** The first statement of each wording, as the graph would have it. */
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
  for (const { uuid } of possibleEntities(source))
    for (const { uuid: other } of possibleEntities(target)) {
      const claim = claims.find(uuid, other, stated.fact);
      if (claim) return claim;
    }
  return undefined;
}

/** The claim of a statement whose two entities are certain. */
function certainClaim({ stated, source, target }: Statement, claims: Claims): Claim | undefined {
  return source.known && target.known ? claims.find(source.known.uuid, target.known.uuid, stated.fact) : undefined;
}

/** Of vectors of length 1. */
function cosineOf(one: readonly number[], other: readonly number[]): number {
  let sum = 0;
  for (let index = 0; index < one.length; index += 1) sum += (one[index] ?? 0) * (other[index] ?? 0);
  return sum;
}
