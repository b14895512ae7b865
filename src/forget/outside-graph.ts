import { dirname } from 'node:path';
import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { deleteMemo } from '../ingest/memo.ts';
import { removePending } from '../ingest/pending-batch.ts';
import { openJournal } from '../journal/journal.ts';
import { withLegacyKeys } from '../journal/migrate-keys.ts';
import { forgetJobs } from '../queue/forgotten-job.ts';
import { forgetSpooled } from '../queue/spool/search.ts';
import type { Spool } from '../queue/spool/spool.ts';
import { clearCache } from '../reader/cache.ts';
import { clearRecalled } from '../redaction/clear-recalled.ts';
import type { JournalKey } from '../settings.ts';
import { type Redactions, redactEntry } from './redact-journal.ts';

/** How many copies were removed outside the graph. */
export interface RemovedCopies {
  readonly jobs: number;
  readonly memos: number;
  readonly journal: number;
  readonly cached: number;
  readonly spooled: number;
}

export interface ForgetStores {
  readonly valkey: Redis;
  readonly queue: Queue;
  readonly spool: Spool;
  readonly journalKey?: JournalKey | undefined;
}

/**
 * Removes all copies outside the graph, except cached answers. Called before the graph changes, so that a retry after a crash can still
 * derive from the graph what to remove.
 * @param otherSources uuids of remaining episodes that state it; their model results are deleted
 */
export async function forgetOutsideGraph(
  { valkey, queue, spool, journalKey }: ForgetStores,
  group: string,
  episodes: readonly string[],
  otherSources: readonly string[],
  redactions: Redactions,
): Promise<Omit<RemovedCopies, 'cached'>> {
  // First, since the spool feeds all other places.
  const spooled = await forgetSpooled(spool, group, new Set(episodes));
  await clearRecalled(dirname(spool.folder));
  // The finished job of an episode that lost a sentence still has the whole text.
  const jobs = await forgetJobs(queue, valkey, group, [...episodes, ...redactions.masked.keys()]);
  const inKeys = async (connection: Redis, isJournalOurs: boolean) => {
    await removePending(connection, group, episodes);
    const memos = await deleteMemo(connection, group, [...episodes, ...otherSources]);
    const { rewrite } = openJournal(connection, { key: journalKey });
    const journal = isJournalOurs ? await rewrite(group, (entry) => redactEntry(entry, redactions)) : 0;
    return { memos, journal };
  };
  const { memos, journal } = await inKeys(valkey, true);
  // An earlier release may have left copies behind.
  await withLegacyKeys(valkey, group, async (earlier, isOurs) => {
    await inKeys(earlier, isOurs);
    await clearCache(earlier, group);
  });
  return { spooled, jobs, memos, journal };
}
