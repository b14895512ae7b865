import type { StoredFact } from '../graph/queries/find-facts.ts';
import { fromGraphTime } from '../time.ts';
import type { Claim, Claims } from './claims.ts';
import { sameKey } from './names.ts';
import { possible, type Statement } from './statements.ts';

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
