import type { ExtractedFact } from '../models/language-model.ts';
import { type Claim, type Claims, type Ending, makeRivals, pairKey } from './claims.ts';
import type { Decisions } from './decide.ts';
import type { ExtractedEpisode } from './extract.ts';
import { type FactCandidate, isUnresolved } from './fact-candidates.ts';
import { canonicalKey } from './name-keys.ts';
import type { Resolution } from './resolve-entities.ts';
import type { UnresolvedFact } from './unresolved-facts.ts';

/** The batch's unresolved facts matched with known claims. */
export interface ReconciledFacts {
  /** The claim that each unresolved fact supports; none for an unresolved fact whose two ends are the same entity. */
  readonly claimOf: ReadonlyMap<UnresolvedFact, Claim>;
  /** All known endings between two entities, by `pairKey`. */
  readonly endings: ReadonlyMap<string, readonly Ending[]>;
  /** The pairs for which the batch has a new ending. */
  readonly endedNow: ReadonlySet<string>;
}

/**
 * Makes each unresolved fact a support of a claim: one with the same wording, one that the model judged to be a repetition, or a new one.
 * Contradicting claims become rivals. An ending is stored for its pair, also when no claim between the two is known yet.
 */
export function reconcileFacts(
  batch: readonly ExtractedEpisode[],
  unresolvedFacts: readonly UnresolvedFact[],
  claims: Claims,
  known: ReadonlyMap<string, readonly Ending[]>,
  { byKey }: Resolution,
  decisions: Decisions,
): ReconciledFacts {
  const claimOf = new Map<UnresolvedFact, Claim>();
  const claimOfCandidate = (candidate: FactCandidate | undefined) =>
    candidate && isUnresolved(candidate) ? claimOf.get(candidate) : candidate;
  const uuidOf = (name: string) => byKey.get(canonicalKey(name))?.uuid ?? '';

  for (const unresolvedFact of unresolvedFacts) {
    const { stated, episode } = unresolvedFact;
    const [source, target] = [uuidOf(stated.source), uuidOf(stated.target)];
    if (source === target) continue;
    const repeated = claimOfCandidate(decisions.repeats.get(unresolvedFact));
    const isRepeat = repeated && pairKey(repeated.source, repeated.target) === pairKey(source, target);
    const claim =
      claims.find(source, target, stated.fact) ??
      (isRepeat ? repeated : claims.add(source, target, stated.relation, stated.fact));
    if (claim === repeated) claims.addWording(claim, stated.fact);
    support(claim, stated, episode);
    claimOf.set(unresolvedFact, claim);
  }
  for (const [unresolvedFact, candidates] of decisions.contradicts) {
    const claim = claimOf.get(unresolvedFact);
    for (const other of candidates.map(claimOfCandidate))
      if (claim && other && shareEnd(claim, other)) makeRivals(claim, other);
  }
  return { claimOf, ...noteEndings(batch, claims, known, uuidOf) };
}

function support(claim: Claim, stated: ExtractedFact, episode: ExtractedEpisode['episode']): void {
  const { validAt, invalidAt, attributes, relation, fact } = stated;
  const saidAt = episode.referenceTime;
  // A fact without a beginning holds since the episode; if it had ended by then, its beginning is unknown.
  const begin = validAt ?? (invalidAt && invalidAt <= saidAt ? null : saidAt);
  const isRepeated = claim.supports.some(
    (earlier) => earlier.episode === episode.uuid && isSame(earlier.begin, begin) && isSame(earlier.end, invalidAt),
  );
  if (isRepeated && !attributes) return;
  const otherWords = canonicalKey(fact) === canonicalKey(claim.fact) ? {} : { words: { relation, fact } };
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
  batch: readonly ExtractedEpisode[],
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
      if (
        one === other ||
        pairEndings.some((ending) => ending.episode === episode.uuid && ending.at.getTime() === at.getTime())
      )
        continue;
      endings.set(pair, [...pairEndings, { episode: episode.uuid, at }]);
      endedNow.add(pair);
      for (const claim of claims.between(one, other)) claim.touched = true;
    }
  return { endings, endedNow };
}
