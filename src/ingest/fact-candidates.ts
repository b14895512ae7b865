import type { StoredFact } from '../graph/queries/commit-reads.ts';
import { fromGraphTime } from '../time.ts';
import type { Claim, Claims } from './claims.ts';
import { canonicalKey } from './name-keys.ts';
import { possibleEntities, type UnresolvedFact } from './unresolved-facts.ts';

/** What an unresolved fact may repeat or contradict: a claim of the graph, or another episode's unresolved fact in the batch. */
export type FactCandidate = Claim | UnresolvedFact;

export const isUnresolved = (candidate: FactCandidate): candidate is UnresolvedFact => 'stated' in candidate;

/** As many as the graph lookup returns, for each kind of similarity. */
const MAX_PER_KIND = 5;
/** Cosine from which on two unresolved facts of a batch may be about the same thing. */
const NEAR = 0.4;

interface SimilarFact {
  readonly candidate: FactCandidate;
  /** Beginning, in milliseconds since 1970, if it has the same source and relation. */
  readonly since: number | null;
  /** The cosine, if it is similar in meaning. */
  readonly near: number | null;
}

/**
 * Candidates for the comparison of each unresolved fact: the latest with the same source and relation, and the nearest in meaning.
 * Claims of the graph and unresolved facts of the batch are ranked together, so that batching changes the result as little as possible.
 */
export function factCandidates(
  unresolvedFacts: readonly UnresolvedFact[],
  claims: Claims,
  facts: readonly StoredFact[],
): (unresolvedFact: UnresolvedFact) => FactCandidate[] {
  const stored = factsByPlace(facts);
  const first = firstInTheirWords(unresolvedFacts);
  return (unresolvedFact) => {
    const existing = knownClaim(unresolvedFact, claims);
    if (existing && isSettled(existing)) return [];
    if (!first.has(unresolvedFact)) return [];
    const known = (stored.get(unresolvedFact.place) ?? []).flatMap((fact) => fromGraph(fact, unresolvedFact, claims));
    const inBatch = [...first]
      .filter(({ place, episode }) => place < unresolvedFact.place && episode !== unresolvedFact.episode)
      .flatMap((earlier) => fromBatch(earlier, unresolvedFact, claims));
    return ranked([...known, ...inBatch].filter(({ candidate }) => candidate !== existing));
  };
}

/** The claim's rivals are known, or there are none: it was stated before in the same words, and has not ended. */
function isSettled({ rivals, rivalUuids, stored }: Claim): boolean {
  return rivals.size > 0 || rivalUuids.size > 0 || stored.some(({ invalidAt }) => !invalidAt);
}

function ranked(similarFacts: readonly SimilarFact[]): FactCandidate[] {
  const highest = (rankOf: (similar: SimilarFact) => number | null) => {
    const sorted = similarFacts
      .map((similar) => ({ candidate: similar.candidate, rank: rankOf(similar) }))
      .flatMap(({ candidate, rank }) => (rank === null ? [] : [{ candidate, rank }]))
      .sort((a, b) => b.rank - a.rank);
    return [...new Set(sorted.map(({ candidate }) => candidate))].slice(0, MAX_PER_KIND);
  };
  return [...new Set([...highest(({ since }) => since), ...highest(({ near }) => near)])];
}

/** For each unresolved fact's place the stored candidate facts, with all measured similarities. */
function factsByPlace(facts: readonly StoredFact[]): Map<number, { fact: StoredFact; nears: number[] }[]> {
  const byPlace = new Map<number, { fact: StoredFact; nears: number[] }[]>();
  for (const fact of facts)
    for (const [place, nears] of Map.groupBy(fact.found, ([at]) => at))
      if (place >= 0) {
        const known = byPlace.get(place) ?? [];
        known.push({ fact, nears: nears.map(([, near]) => near) });
        byPlace.set(place, known);
      }
  return byPlace;
}

function fromGraph(
  { fact, nears }: { readonly fact: StoredFact; readonly nears: readonly number[] },
  { source, stated }: UnresolvedFact,
  claims: Claims,
): SimilarFact[] {
  const candidate = claims.findByFact(fact.uuid);
  if (!candidate) return [];
  const isOfKind =
    fact.relation === stated.relation && possibleEntities(source).some(({ uuid }) => uuid === fact.source);
  const since = isOfKind ? (fromGraphTime(fact.validAt)?.getTime() ?? Number.POSITIVE_INFINITY) : null;
  // A fact found by source and relation has similarity 1; if it was also found by its vector, the lower value is the cosine.
  const near = Math.min(...nears);
  return [{ candidate, since, near: isOfKind && near === 1 ? null : near }];
}

function fromBatch(earlier: UnresolvedFact, unresolvedFact: UnresolvedFact, claims: Claims): SimilarFact[] {
  const ends = new Set([unresolvedFact.source, unresolvedFact.target]);
  if (!ends.has(earlier.source) && !ends.has(earlier.target)) return [];
  const isOfKind =
    earlier.source === unresolvedFact.source && earlier.stated.relation === unresolvedFact.stated.relation;
  const cosine = cosineOf(earlier.vector, unresolvedFact.vector);
  if (!isOfKind && cosine < NEAR) return [];
  return [
    {
      candidate: certainClaim(earlier, claims) ?? earlier,
      since: isOfKind ? (earlier.stated.validAt ?? earlier.episode.referenceTime).getTime() : null,
      near: cosine < NEAR ? null : cosine,
    },
  ];
}

/** The first unresolved fact of each wording, as the graph would have it. */
function firstInTheirWords(unresolvedFacts: readonly UnresolvedFact[]): Set<UnresolvedFact> {
  const byWords = new Map<string, UnresolvedFact>();
  for (const unresolvedFact of unresolvedFacts) {
    const { source, target, stated } = unresolvedFact;
    const words = JSON.stringify([source.newName.key, target.newName.key, canonicalKey(stated.fact)]);
    if (!byWords.has(words)) byWords.set(words, unresolvedFact);
  }
  return new Set(byWords.values());
}

function knownClaim({ stated, source, target }: UnresolvedFact, claims: Claims): Claim | undefined {
  for (const { uuid } of possibleEntities(source))
    for (const { uuid: other } of possibleEntities(target)) {
      const claim = claims.find(uuid, other, stated.fact);
      if (claim) return claim;
    }
  return undefined;
}

/** The claim of an unresolved fact whose two entities are certain. */
function certainClaim({ stated, source, target }: UnresolvedFact, claims: Claims): Claim | undefined {
  return source.known && target.known ? claims.find(source.known.uuid, target.known.uuid, stated.fact) : undefined;
}

/** Of vectors of length 1. */
function cosineOf(one: readonly number[], other: readonly number[]): number {
  let sum = 0;
  for (let index = 0; index < one.length; index += 1) sum += (one[index] ?? 0) * (other[index] ?? 0);
  return sum;
}
