import type { GroupGraph } from '../graph/group-graph.ts';
import { entityFacts } from '../graph/queries/entities.ts';
import { findFacts } from '../graph/queries/find-facts.ts';
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
import { endingsKey, sameKey } from '../ingest/names.ts';
import { type Settled, settle } from '../ingest/settle.ts';
import { endingsOf, loadFacts, loadFactsOfPairs } from '../ingest/write.ts';
import type { Wanted } from './targets.ts';

/** A claim that is said in other words now, and the words that nobody says any more. */
export interface Reworded {
  readonly claim: Claim;
  readonly before: string;
}

/** Takes from a claim what is said no more: its supports, its words, and from its rivals itself once nobody supports it. */
export function withdraw(claim: Claim, isSaid: (support: Support) => boolean): Reworded | undefined {
  const left = claim.supports.filter(isSaid);
  claim.supports.splice(0, claim.supports.length, ...left);
  if (left.length > 0) return reword(claim);
  for (const rival of claim.rivals) {
    rival.rivals.delete(claim);
    for (const { uuid } of claim.stored) rival.rivalUuids.delete(uuid);
  }
  return undefined;
}

/** The words of the fact stay while anybody says them; else they are those of whoever says it first in time. */
function reword(claim: Claim): Reworded | undefined {
  const before = claim.fact;
  const [first] = [...claim.supports].sort((a, b) => sortTime(a) - sortTime(b) || (a.episode < b.episode ? -1 : 1));
  const isSaid = claim.supports.some(({ words }) => !words);
  if (!isSaid && first?.words) {
    claim.fact = first.words.fact;
    claim.relation = first.words.relation;
    const key = sameKey(claim.fact);
    const own = claim.supports.map(({ words, ...support }) =>
      words && sameKey(words.fact) !== key ? { ...support, words } : support,
    );
    claim.supports.splice(0, own.length, ...own);
  }
  claim.wordings.clear();
  for (const { words } of claim.supports) if (words) claim.wordings.add(sameKey(words.fact));
  return claim.fact === before ? undefined : { claim, before };
}

/** What becomes of facts when they, or what episodes say of them, are forgotten. */
export interface ForgottenFacts {
  /** Claims that are forgotten as such, whoever supports them. */
  readonly forgotten: ReadonlySet<Claim>;
  /** In which words which episodes may state what is forgotten. */
  readonly stated: ReadonlyMap<string, ReadonlySet<string>>;
  /** All claims that lose a support. */
  readonly losers: readonly Claim[];
  readonly settled: Settled;
  readonly reworded: readonly Reworded[];
  /** Other words of facts, as they are compared, in which nobody says them any more. */
  readonly wordings: readonly string[];
  /** Of the pairs that were looked at, what had ended and is told still. */
  readonly endings: ReadonlyMap<string, readonly Ending[]>;
  /** Notes of endings that lose one. */
  readonly changedEndings: readonly { readonly key: string; readonly endings: readonly string[] }[];
}

/** @param told uuids of the facts that the episodes to be forgotten state or ended */
export async function forgetFacts(
  graph: GroupGraph,
  wanted: Wanted,
  told: readonly string[],
  now: Date,
): Promise<ForgottenFacts> {
  const claims = openClaims();
  const meant = [...wanted.facts, ...(wanted.entities.length > 0 ? await entityFacts(graph, wanted.entities) : [])];
  await loadFactsOfPairs(graph, claims, [...told, ...meant]);
  const forgotten = new Set(meant.flatMap((uuid) => claims.findByFact(uuid) ?? []));
  const episodes = new Set(wanted.episodes);
  const isLost = (claim: Claim) => forgotten.has(claim) || claim.supports.some(({ episode }) => episodes.has(episode));
  const keys = await readEndings(graph, wanted.episodes, wanted.entities);
  const losers = [...claims.all].filter(isLost);
  const endings = await loadWhatItTouches(graph, claims, losers, new Set(keys.map(pairOf)));
  const stated = statedIn(forgotten);
  const said = losers.map(({ wordings }) => [...wordings]);
  const reworded = losers.flatMap(
    (claim) => withdraw(claim, ({ episode }) => !forgotten.has(claim) && !episodes.has(episode)) ?? [],
  );
  const gone = new Set(wanted.entities);
  const remaining = new Map(
    [...endings].map(([pair, ended]) => [
      pair,
      pair.split(' ').some((entity) => gone.has(entity)) ? [] : ended.filter(({ episode }) => !episodes.has(episode)),
    ]),
  );
  return {
    forgotten,
    stated,
    losers,
    reworded,
    wordings: losers.flatMap(({ wordings }, place) => (said[place] ?? []).filter((words) => !wordings.has(words))),
    endings: remaining,
    settled: settle(claims, remaining, now),
    changedEndings: keys.map((key) => ({ key, endings: (remaining.get(pairOf(key)) ?? []).map(endingText) })),
  };
}

/** Asked before supports are withdrawn. An episode is looked through for the words of all that support the claim. */
function statedIn(claims: Iterable<Claim>): Map<string, Set<string>> {
  const stated = new Map<string, Set<string>>();
  for (const { fact, supports, stored } of claims) {
    const words = [fact, ...supports.flatMap((support) => support.words?.fact ?? [])];
    const episodes = [...supports.map(({ episode }) => episode), ...stored.flatMap((it) => it.episodes)];
    for (const episode of episodes) stated.set(episode, new Set([...(stated.get(episode) ?? []), ...words]));
  }
  return stated;
}

/**
 * Loads the rivals of what loses a support and of what an ending was told of, and theirs: all of them are worked out anew.
 * @returns what ended between the entities of all these, by `pairKey`
 */
async function loadWhatItTouches(
  graph: GroupGraph,
  claims: Claims,
  losers: readonly Claim[],
  ended: ReadonlySet<string>,
): Promise<Map<string, Ending[]>> {
  await loadPairs(graph, claims, ended);
  const told = [...claims.all].filter(({ source, target }) => ended.has(pairKey(source, target)));
  await loadRivalsOf(graph, claims, [...losers, ...told]);
  const anew = new Set([...losers, ...told, ...losers.flatMap(({ rivals }) => [...rivals])]);
  await loadRivalsOf(graph, claims, [...anew]);
  for (const claim of anew) claim.touched = true;
  return loadPairs(
    graph,
    claims,
    new Set([...ended, ...[...anew].map(({ source, target }) => pairKey(source, target))]),
  );
}

async function loadRivalsOf(graph: GroupGraph, claims: Claims, some: readonly Claim[]): Promise<void> {
  await loadFactsOfPairs(
    graph,
    claims,
    some.flatMap(({ rivalUuids }) => [...rivalUuids]),
  );
}

async function loadPairs(
  graph: GroupGraph,
  claims: Claims,
  pairs: ReadonlySet<string>,
): Promise<Map<string, Ending[]>> {
  if (pairs.size === 0) return new Map();
  const wanted = [...pairs].map((pair) => {
    const [one = '', other = ''] = pair.split(' ');
    return { one, other, key: endingsKey(pair) };
  });
  const found = await findFacts(graph, wanted, []);
  await loadFacts(graph, claims, found.facts, pairs);
  return endingsOf(found.endings);
}

const pairOf = (key: string) => key.slice(endingsKey('').length);
