import type { GroupGraph } from '../graph/group-graph.ts';
import { endingsKey } from '../graph/meta-keys.ts';
import { findFactsToCompare } from '../graph/queries/commit-reads.ts';
import { entityFacts } from '../graph/queries/entities.ts';
import { readEndings } from '../graph/queries/forget.ts';
import {
  type Claim,
  type Claims,
  type Ending,
  endingText,
  openClaims,
  pairKey,
  type Support,
  sortTime,
} from '../ingest/claims.ts';
import { computeFactChanges, type FactChanges } from '../ingest/fact-changes.ts';
import { canonicalKey } from '../ingest/name-keys.ts';
import { endingsOf, loadFacts, loadFactsOfPairs } from '../ingest/write-batch.ts';
import type { ForgetTargets } from './plan.ts';

/** A claim with a new wording, and its previous one. */
export interface RewordedClaim {
  readonly claim: Claim;
  readonly before: string;
}

/** Removes supports and their wordings from a claim, and the claim from its rivals once it has no support. */
export function withdrawSupports(claim: Claim, isKept: (support: Support) => boolean): RewordedClaim | undefined {
  const left = claim.supports.filter(isKept);
  claim.supports.splice(0, claim.supports.length, ...left);
  if (left.length > 0) return reword(claim);
  for (const rival of claim.rivals) {
    rival.rivals.delete(claim);
    for (const { uuid } of claim.stored) rival.rivalUuids.delete(uuid);
  }
  return undefined;
}

/** Keeps the fact's wording while a support uses it; otherwise takes the earliest support's wording. */
function reword(claim: Claim): RewordedClaim | undefined {
  const before = claim.fact;
  const [first] = [...claim.supports].sort((a, b) => sortTime(a) - sortTime(b) || (a.episode < b.episode ? -1 : 1));
  const isKept = claim.supports.some(({ words }) => !words);
  if (!isKept && first?.words) {
    claim.fact = first.words.fact;
    claim.relation = first.words.relation;
    const key = canonicalKey(claim.fact);
    const reworded = claim.supports.map(({ words, ...support }) =>
      words && canonicalKey(words.fact) !== key ? { ...support, words } : support,
    );
    claim.supports.splice(0, reworded.length, ...reworded);
  }
  claim.wordings.clear();
  for (const { words } of claim.supports) if (words) claim.wordings.add(canonicalKey(words.fact));
  return claim.fact === before ? undefined : { claim, before };
}

/** Changes of facts when they, or episodes that state them, are forgotten. */
export interface ForgottenFacts {
  /** Claims that are forgotten with all supports. */
  readonly forgotten: ReadonlySet<Claim>;
  /** By episode, the wordings in which it may state what is forgotten. */
  readonly stated: ReadonlyMap<string, ReadonlySet<string>>;
  /** All claims that lose a support. */
  readonly changedClaims: readonly Claim[];
  readonly factChanges: FactChanges;
  readonly reworded: readonly RewordedClaim[];
  /** Keys of wordings that no support uses any more. */
  readonly wordings: readonly string[];
  /** Remaining endings of the loaded pairs. */
  readonly endings: ReadonlyMap<string, readonly Ending[]>;
  /** Stored endings that lose one. */
  readonly changedEndings: readonly { readonly key: string; readonly endings: readonly string[] }[];
}

/** @param statedFacts uuids of the facts that the forgotten episodes state or ended */
export async function forgetFacts(
  graph: GroupGraph,
  targets: ForgetTargets,
  statedFacts: readonly string[],
  now: Date,
): Promise<ForgottenFacts> {
  const claims = openClaims();
  const targetFacts = [
    ...targets.facts,
    ...(targets.entities.length > 0 ? await entityFacts(graph, targets.entities) : []),
  ];
  await loadFactsOfPairs(graph, claims, [...statedFacts, ...targetFacts]);
  const forgotten = new Set(targetFacts.flatMap((uuid) => claims.findByFact(uuid) ?? []));
  const episodes = new Set(targets.episodes);
  const isLost = (claim: Claim) => forgotten.has(claim) || claim.supports.some(({ episode }) => episodes.has(episode));
  const keys = await readEndings(graph, targets.episodes, targets.entities);
  const changedClaims = [...claims.all].filter(isLost);
  const endings = await loadAffected(graph, claims, changedClaims, new Set(keys.map(pairOf)));
  const stated = statedIn(forgotten);
  const wordingsBefore = changedClaims.map(({ wordings }) => [...wordings]);
  const reworded = changedClaims.flatMap(
    (claim) => withdrawSupports(claim, ({ episode }) => !forgotten.has(claim) && !episodes.has(episode)) ?? [],
  );
  const targetEntities = new Set(targets.entities);
  const remaining = new Map(
    [...endings].map(([pair, ended]) => [
      pair,
      pair.split(' ').some((entity) => targetEntities.has(entity))
        ? []
        : ended.filter(({ episode }) => !episodes.has(episode)),
    ]),
  );
  return {
    forgotten,
    stated,
    changedClaims,
    reworded,
    wordings: changedClaims.flatMap(({ wordings }, place) =>
      (wordingsBefore[place] ?? []).filter((words) => !wordings.has(words)),
    ),
    endings: remaining,
    factChanges: computeFactChanges(claims, remaining, now),
    changedEndings: keys.map((key) => ({ key, endings: (remaining.get(pairOf(key)) ?? []).map(endingText) })),
  };
}

/** Called before supports are removed. Each episode is searched for all wordings of the claim. */
function statedIn(claims: Iterable<Claim>): Map<string, Set<string>> {
  const stated = new Map<string, Set<string>>();
  for (const { fact, supports, stored } of claims) {
    const words = [fact, ...supports.flatMap((support) => support.words?.fact ?? [])];
    const episodes = [...supports.map(({ episode }) => episode), ...stored.flatMap((fact) => fact.episodes)];
    for (const episode of episodes) stated.set(episode, new Set([...(stated.get(episode) ?? []), ...words]));
  }
  return stated;
}

/**
 * Loads the rivals of claims that lose a support or an ending, and the rivals of those: all of them are recomputed.
 * @returns the endings between the entities of all these, by `pairKey`
 */
async function loadAffected(
  graph: GroupGraph,
  claims: Claims,
  changedClaims: readonly Claim[],
  ended: ReadonlySet<string>,
): Promise<Map<string, Ending[]>> {
  await loadPairs(graph, claims, ended);
  const endedClaims = [...claims.all].filter(({ source, target }) => ended.has(pairKey(source, target)));
  await loadRivalsOf(graph, claims, [...changedClaims, ...endedClaims]);
  const affected = new Set([...changedClaims, ...endedClaims, ...changedClaims.flatMap(({ rivals }) => [...rivals])]);
  await loadRivalsOf(graph, claims, [...affected]);
  for (const claim of affected) claim.touched = true;
  return loadPairs(
    graph,
    claims,
    new Set([...ended, ...[...affected].map(({ source, target }) => pairKey(source, target))]),
  );
}

async function loadRivalsOf(graph: GroupGraph, claims: Claims, owners: readonly Claim[]): Promise<void> {
  await loadFactsOfPairs(
    graph,
    claims,
    owners.flatMap(({ rivalUuids }) => [...rivalUuids]),
  );
}

async function loadPairs(
  graph: GroupGraph,
  claims: Claims,
  pairs: ReadonlySet<string>,
): Promise<Map<string, Ending[]>> {
  if (pairs.size === 0) return new Map();
  const targets = [...pairs].map((pair) => {
    const [one = '', other = ''] = pair.split(' ');
    return { one, other, key: endingsKey(pair) };
  });
  const lookup = await findFactsToCompare(graph, targets, []);
  await loadFacts(graph, claims, lookup.facts, pairs);
  return endingsOf(lookup.endings);
}

const pairOf = (key: string) => key.slice(endingsKey('').length);
