import { dirname } from 'node:path';
import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { ArchiveStore } from '../archive/stores/archive-store.ts';
import { isOperationalError, StaleFenceError } from '../errors.ts';
import type { Graphs } from '../graph/graphs.ts';
import { countGraph, type GraphSize } from '../graph/queries/meta-nodes.ts';
import { episodeUuids } from '../graph/queries/record.ts';
import { forgetJournal } from '../journal/journal.ts';
import { withLegacyKeys } from '../journal/migrate-keys.ts';
import { lastId } from '../journal/stream.ts';
import { removeGroupJobs } from '../queue/group-jobs.ts';
import { removeSpooled } from '../queue/spool/search.ts';
import type { Spool } from '../queue/spool/spool.ts';
import { clearCache } from '../reader/cache.ts';
import { clearRecalled } from '../redaction/clear-recalled.ts';
import { removeRestoreTests } from '../schedule/restore-tests.ts';
import { scanKeys } from '../valkey/cluster.ts';
import { groupKey, replaceVersion } from '../valkey/keys.ts';
import type { Lease, Leases } from '../valkey/lease.ts';
import { archiveTombstones, episodeTombstone, GROUP_TOMBSTONE, readTombstones, storeTombstones } from './tombstones.ts';

/** How much was removed with a whole group; a repeated attempt counts only what it removed itself. */
export interface RemovedGroup {
  readonly graph: Omit<GraphSize, 'nodes'>;
  readonly scratchGraphs: number;
  readonly jobs: number;
  readonly spooled: number;
  readonly journal: number;
  readonly memos: number;
  readonly cached: number;
  readonly archives: 'noted' | 'waits';
}

export interface GroupForgettingParts {
  readonly graphs: Graphs;
  readonly valkey: Redis;
  readonly leases: Leases;
  /** The queues `store` and `export`. */
  readonly queues: readonly Queue[];
  /** Prefix of BullMQ's keys. */
  readonly queuePrefix: string;
  readonly spool: Spool;
  readonly archives: () => Promise<ArchiveStore>;
  readonly onLater: (group: string) => Promise<void>;
}

/** How often another process may write to the graph between reading and deleting it. */
const ATTEMPTS = 20;

/*
 * Forgets a whole group while workers and agents continue. Every text that was accepted before the end is removed:
 * 1. Take the lease, so that nobody commits.
 * 2. Watch the graph. Note the journal's last entry, then collect the uuids of all episodes in the graph, the queues and the spool, and store
 *    their tombstones. Remove all jobs. If a worker is still processing one, stop and try again later: it could write after the deletion.
 * 3. Remove the journal up to the noted entry, and the change log.
 * 4. Delete the graph. FalkorDB refuses if an episode was recorded since step 2, which is then repeated.
 * 5. Remove caches, memos and scratch graphs; note the deletion beside the archives.
 * Each step may be repeated, so that a killed worker's successor finishes the work. An episode that arrives after the last round of step 2
 * is the first of a new memory of this name.
 */

/** @throws StaleFenceError while jobs of the group are active; StoreUnreachableError, TimedOutError (all tried again) */
export async function removeGroup(parts: GroupForgettingParts, group: string): Promise<RemovedGroup> {
  const { graphs, valkey, leases } = parts;
  const lease = await leases.take(group);
  try {
    const { nodes: _, ...graph } = await countGraph(graphs.group(group));
    const counts = { jobs: 0, spooled: 0, journal: 0 };
    const episodes = new Set<string>();
    let isUnderWay = false;
    let isDeleted = false;
    for (let attempt = 0; attempt < ATTEMPTS && !isDeleted && !isUnderWay; attempt += 1)
      isDeleted = await graphs.deleteGraph(group, async () => {
        const last = await lastId(valkey, group);
        const removed = await removeEpisodes(parts, group, lease, episodes);
        counts.jobs += removed.jobs;
        counts.spooled += removed.spooled;
        isUnderWay = removed.active > 0;
        if (isUnderWay || !lease.isHeld()) return false;
        counts.journal += await forgetJournal(valkey, group, last);
        return true;
      });
    if (isUnderWay)
      throw new StaleFenceError(
        `Jobs of the memory "${group}" are still running; the deletion is tried again when they have finished.`,
      );
    if (!isDeleted) throw new StaleFenceError(`The memory "${group}" keeps changing; the deletion is tried again.`);
    await replaceVersion(valkey, group);
    const keys = await removeKeys(parts, group, [...episodes]);
    await graphs.forgetQueries(group);
    const scratchGraphs = await graphs.dropScratchGraphs(group);
    return { graph, scratchGraphs, ...counts, ...keys, archives: await noteInArchives(parts, group) };
  } finally {
    await lease.release();
  }
}

/** Adds to `episodes` the uuids of all episodes of the group, and removes their jobs and spooled texts. */
async function removeEpisodes(
  { graphs, valkey, queues, spool }: GroupForgettingParts,
  group: string,
  lease: Lease,
  episodes: Set<string>,
): Promise<{ readonly jobs: number; readonly spooled: number; readonly active: number }> {
  const note = async (uuids: Iterable<string>) => {
    const fresh = [...uuids].filter((uuid) => !episodes.has(uuid));
    for (const uuid of fresh) episodes.add(uuid);
    await storeTombstones(valkey, group, new Map(fresh.map((uuid) => [episodeTombstone(uuid), lease.fence])));
  };
  await storeTombstones(valkey, group, new Map([[GROUP_TOMBSTONE, lease.fence]]));
  // In the order in which episodes move: disk, queue, graph.
  const spooledUuids: string[] = [];
  const spooled = await removeSpooled(spool, ({ episode }) => {
    if (episode.group === group) spooledUuids.push(episode.uuid);
    return episode.group === group;
  });
  await note(spooledUuids);
  await clearRecalled(dirname(spool.folder));
  let [jobs, active] = [0, 0];
  for (const queue of queues) {
    const removed = await removeGroupJobs(queue, valkey, group);
    await note(removed.episodes);
    jobs += removed.removed;
    active += removed.active;
  }
  await note(await episodeUuids(graphs.group(group)));
  return { jobs, spooled, active };
}

/** Keys of a group that are one key each; those of `query`, `memo` and `reading` have endings. The tombstones and the version stay. */
const SINGLE_KEYS = ['waiting', 'fence'] as const;

async function removeKeys(
  { valkey, queuePrefix }: GroupForgettingParts,
  group: string,
  episodes: readonly string[],
): Promise<{ readonly memos: number; readonly cached: number }> {
  const counts = { memos: 0, cached: 0 };
  const remove = async (connection: Redis) => {
    counts.cached += await clearCache(connection, group);
    counts.memos += await unlinkMatching(connection, `${groupKey(connection, 'memo', group)}:*`);
    await unlinkMatching(connection, `${groupKey(connection, 'reading', group)}:*`);
    await connection.unlink(...SINGLE_KEYS.map((kind) => groupKey(connection, kind, group)));
  };
  await remove(valkey);
  await withLegacyKeys(valkey, group, async (earlier, isOurs) => {
    await clearCache(earlier, group);
    // The other keys may belong to another installation with a memory of this name.
    if (isOurs) {
      await forgetJournal(earlier, group, await lastId(earlier, group));
      await remove(earlier);
    } else for (const uuid of episodes) await unlinkMatching(earlier, `${groupKey(earlier, 'memo', group)}:${uuid}:*`);
  });
  await removeRestoreTests(valkey, queuePrefix, [group]);
  return counts;
}

async function unlinkMatching(valkey: Redis, pattern: string): Promise<number> {
  let count = 0;
  for await (const keys of scanKeys(valkey, pattern)) count += await valkey.unlink(...keys);
  return count;
}

async function noteInArchives(
  { archives, valkey, onLater }: GroupForgettingParts,
  group: string,
): Promise<'noted' | 'waits'> {
  try {
    await archiveTombstones(await archives(), group, await readTombstones(valkey, group));
    return 'noted';
  } catch (error) {
    if (!isOperationalError(error)) throw error;
    await onLater(group);
    return 'waits';
  }
}
