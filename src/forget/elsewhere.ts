import { dirname } from 'node:path';
import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { deleteMemo } from '../ingest/memo.ts';
import { removePending } from '../ingest/pending-batch.ts';
import { openJournal } from '../journal/journal.ts';
import { withEarlierNames } from '../journal/take-over.ts';
import { forgetJobs } from '../queue/forgotten-job.ts';
import { forgetSpooled } from '../queue/spool/search.ts';
import type { Spool } from '../queue/spool/spool.ts';
import { forgetAnswers } from '../reader/cache.ts';
import { forgetRecalled } from '../redaction/forget-recalled.ts';
import type { JournalKey } from '../settings.ts';
import { type Unsaid, withoutWords } from './journal.ts';

/** Where else than in the graph something of it lay, and how often. */
export interface Elsewhere {
  readonly jobs: number;
  readonly memos: number;
  readonly journal: number;
  readonly cached: number;
  readonly spooled: number;
}

export interface Places {
  readonly valkey: Redis;
  readonly queue: Queue;
  readonly spool: Spool;
  readonly journalKey?: JournalKey | undefined;
}

/**
 * Takes everything away that lies elsewhere than in the graph, but for cached answers. Done before the graph changes: should
 * this process die in between, the next try can still tell from the graph what there is to be found.
 * @param told uuids of episodes that stay and tell of it; what was read in them is forgotten
 */
export async function sweep(
  { valkey, queue, spool, journalKey }: Places,
  group: string,
  episodes: readonly string[],
  told: readonly string[],
  unsaid: Unsaid,
): Promise<Omit<Elsewhere, 'cached'>> {
  // First, since what is read from there comes to all other places.
  const spooled = await forgetSpooled(spool, group, new Set(episodes));
  await forgetRecalled(dirname(spool.folder));
  // The ended job of an episode that stays without a sentence still has the whole text.
  const jobs = await forgetJobs(queue, valkey, group, [...episodes, ...unsaid.masked.keys()]);
  const inKeys = async (connection: Redis, isJournalOurs: boolean) => {
    await removePending(connection, group, episodes);
    const memos = await deleteMemo(connection, group, [...episodes, ...told]);
    const { rewrite } = openJournal(connection, { key: journalKey });
    const journal = isJournalOurs ? await rewrite(group, (entry) => withoutWords(entry, unsaid)) : 0;
    return { memos, journal };
  };
  const { memos, journal } = await inKeys(valkey, true);
  // An earlier release may have left copies behind.
  await withEarlierNames(valkey, group, async (earlier, isOurs) => {
    await inKeys(earlier, isOurs);
    await forgetAnswers(earlier, group);
  });
  return { spooled, jobs, memos, journal };
}
