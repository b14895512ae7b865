import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';

// The lists and sorted sets in which BullMQ 6.7 keeps the ids of jobs, by state.
const LISTS = ['wait', 'paused', 'active'] as const;
const UNFINISHED = ['delayed', 'prioritized', 'waiting-children', 'failed'] as const;
/** Ids are handed out in batches, so that no round trip takes close to the second after which Valkey counts as away. */
const BATCH = 100;

/**
 * The ids of a queue's jobs in batches: `unfinished` jobs are not done or are dead letters, `all` includes completed ones. All ids are read in one
 * transaction: workers move jobs between the lists, so that reading page by page would miss some.
 */
export async function* jobIds(queue: Queue, connection: Redis, which: 'unfinished' | 'all'): AsyncGenerator<string[]> {
  const reading = connection.multi();
  for (const list of LISTS) reading.lrange(queue.toKey(list), '0', '-1');
  const sets = which === 'all' ? [...UNFINISHED, 'completed'] : UNFINISHED;
  for (const set of sets) reading.zrange(queue.toKey(set), '0', '-1');
  const lists = ((await reading.exec()) ?? []).map(([error, ids]) => {
    if (error) throw error;
    return ids as string[];
  });
  const ids = [...new Set(lists.flat())];
  for (let start = 0; start < ids.length; start += BATCH) yield ids.slice(start, start + BATCH);
}
