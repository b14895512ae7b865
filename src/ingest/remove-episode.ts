import type { Redis } from 'ioredis';
import { InvalidInput, StaleFence } from '../errors.ts';
import { type Commit, NO_CHANGES } from '../graph/changes.ts';
import type { Graphs } from '../graph/graphs.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { commit } from '../graph/queries/commit.ts';
import { findFacts } from '../graph/queries/find-facts.ts';
import { type EpisodeTies, readEpisodeTies } from '../graph/queries/read-episode.ts';
import { episodeKey } from '../graph/queries/record-episode.ts';
import { toGraphTime } from '../time.ts';
import { raiseVersion } from '../valkey/group-version.ts';
import type { Leases } from '../valkey/lease.ts';
import { movedFacts } from './changes.ts';
import { type Claim, type Claims, openClaims, pairKey } from './claims.ts';
import { type Ending, endingText } from './evidence.ts';
import { forgetMemo } from './memo.ts';
import { endingsKey } from './names.ts';
import { type Settled, settle } from './settle.ts';
import { newSummaries, summaryChanges } from './summaries.ts';
import { endingsOf, load, loadBeside } from './write.ts';

/** What went with an episode. */
export interface Removed {
  readonly episode: string;
  readonly removedFacts: number;
  /** Facts that other episodes state too. */
  readonly keptFacts: number;
  /** Facts that only this episode had ended, and that hold again. */
  readonly reopenedFacts: number;
  readonly removedEntities: number;
}

export type RemoveEpisode = (group: string, uuid: string, dryRun: boolean) => Promise<Removed>;

/**
 * Takes an episode out of a group: its text, the facts and entities that no other episode speaks of, and what it had ended.
 * All else becomes as if it had never been told, and what models made of it is forgotten. It stays away when its job comes again.
 * @throws InvalidInput when there is no such episode, StaleFence
 */
export function openRemoveEpisode(graphs: Graphs, valkey: Redis, leases: Leases): RemoveEpisode {
  return async (group, uuid, dryRun) => {
    const graph = graphs.group(group);
    const lease = await leases.take(group);
    try {
      const { fence: seen, ties, removed } = await readEpisodeTies(graph, uuid);
      if (!ties && removed)
        return { episode: uuid, removedFacts: 0, keptFacts: 0, reopenedFacts: 0, removedEntities: 0 };
      if (!ties) throw new InvalidInput(`There is no episode ${uuid} in the memory "${group}".`);
      const now = new Date();
      const { changes, ...result } = await workOut(graph, uuid, ties, now);
      if (dryRun) return result;
      const isWritten =
        lease.isHeld() && (await commit(graph, { ...changes, fence: lease.fence, seen, now: toGraphTime(now) }));
      if (!isWritten) throw new StaleFence(`The memory "${group}" was changed meanwhile; this removal is tried again.`);
      await raiseVersion(valkey, group);
      await forgetMemo(valkey, group, uuid);
      return result;
    } finally {
      await lease.release();
    }
  };
}

async function workOut(graph: GroupGraph, uuid: string, ties: EpisodeTies, now: Date) {
  const claims = openClaims();
  await loadBeside(graph, claims, ties.facts);
  const losers = [...claims.all].filter((claim) => claim.supports.some(({ episode }) => episode === uuid));
  const endings = await loadWhatItTouches(graph, claims, losers, ties);
  for (const claim of losers) withdraw(claim, uuid);
  const remaining = new Map([...endings].map(([pair, told]) => [pair, told.filter(({ episode }) => episode !== uuid)]));
  const settled = settle(claims, remaining, now);

  const summaries = await newSummaries(graph, summaryChanges(settled, now), new Set(), now);
  const lost = ties.entities.filter(
    ({ uuid: entity, mentions, degree }) => mentions <= 1 && degree === lostBy(entity, settled),
  );
  const gone = new Set(lost.map((entity) => entity.uuid));
  const changes: Omit<Commit, 'fence' | 'seen' | 'now'> = {
    ...NO_CHANGES,
    cutFacts: settled.cut,
    changedFacts: settled.changed,
    removedFacts: settled.removed.map(({ uuid: fact, source, target }) => ({ uuid: fact, source, target })),
    evidence: settled.evidence,
    endings: ties.endings.map((key) => ({ key, endings: (remaining.get(pairOf(key)) ?? []).map(endingText) })),
    summaries: summaries.filter((summary) => !gone.has(summary.uuid)),
    movedFacts: movedFacts(new Set([uuid]), settled, remaining),
    removedEpisodes: [{ uuid, key: episodeKey(uuid) }],
    removedEntities: lost.map((entity) => ({ uuid: entity.uuid })),
  };
  return { changes, episode: uuid, ...countsOf(losers, settled), removedEntities: lost.length };
}

/**
 * Loads the rivals of what loses a support and of what an ending was told of, and theirs: all of them are worked out anew.
 * @returns what ended between the entities of all these, by `pairKey`
 */
async function loadWhatItTouches(
  graph: GroupGraph,
  claims: Claims,
  losers: readonly Claim[],
  ties: EpisodeTies,
): Promise<Map<string, Ending[]>> {
  const ended = new Set(ties.endings.map(pairOf));
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
  await loadBeside(
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
  await load(graph, claims, found.facts, pairs);
  return endingsOf(found.endings);
}

const pairOf = (key: string) => key.slice(endingsKey('').length);

function withdraw(claim: Claim, episode: string): void {
  claim.supports.splice(0, claim.supports.length, ...claim.supports.filter((support) => support.episode !== episode));
  if (claim.supports.length > 0) return;
  for (const rival of claim.rivals) {
    rival.rivals.delete(claim);
    for (const { uuid } of claim.stored) rival.rivalUuids.delete(uuid);
  }
}

function lostBy(entity: string, { removed }: Settled): number {
  return removed.filter(({ source, target }) => source === entity || target === entity).length;
}

function countsOf(losers: readonly Claim[], { facts, removed }: Settled) {
  return {
    removedFacts: removed.length,
    keptFacts: losers.filter(({ supports }) => supports.length > 0).length,
    reopenedFacts: facts.filter(({ stored, span }) => stored?.invalidAt && !span.invalidAt).length,
  };
}
