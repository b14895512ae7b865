import type { Redis } from 'ioredis';
import type { Config } from '../config.ts';
import { MINUTE, SECOND } from '../time.ts';
import { STORE_QUEUE } from './jobs.ts';
import { openQueues } from './queues.ts';

/** What the queue of episodes and tasks did in a minute. */
export interface QueueMinute {
  readonly start: Date;
  /** Jobs that ended, without those that BullMQ removes at their end (`passages`, `summaries`, `expire`). */
  readonly completed: number;
  /** Jobs that became dead letters and are still there. */
  readonly failed: number;
  /** Milliseconds from the queue to the end, of up to ten episodes; null without any. */
  readonly medianMs: number | null;
  readonly slowestMs: number | null;
}

const MINUTES = 60;
const OF_EACH = 10;

/**
 * The last hour, oldest minute first. Read from the sorted sets in which BullMQ 6.7 keeps ended jobs by the time of their end, and from the
 * times of a few jobs, so that workers do nothing for it and no payload is read.
 * @throws StoreUnreachableError, AccessRefusedError, WrongServerError
 */
export async function readLastHour(config: Config): Promise<QueueMinute[]> {
  const { connection, queues, ask, close } = openQueues(config);
  try {
    return await ask(() => lastHour(connection, (name) => queues[STORE_QUEUE].toKey(name)));
  } finally {
    await close();
  }
}

async function lastHour(valkey: Redis, keyOf: (name: string) => string): Promise<QueueMinute[]> {
  const [seconds] = await valkey.time();
  const lastStart = Math.floor((Number(seconds) * SECOND) / MINUTE) * MINUTE;
  const starts = Array.from({ length: MINUTES }, (_, index) => lastStart - (MINUTES - 1 - index) * MINUTE);
  return Promise.all(
    starts.map(async (start) => {
      const range = [String(start), `(${start + MINUTE}`] as const;
      const [completed, failed, ids] = await Promise.all([
        valkey.zcount(keyOf('completed'), ...range),
        valkey.zcount(keyOf('failed'), ...range),
        valkey.zrange(keyOf('completed'), ...range, 'BYSCORE', 'LIMIT', 0, OF_EACH),
      ]);
      const took = (await Promise.all(ids.map((id) => timeOf(valkey, keyOf(id))))).flat().sort((a, b) => a - b);
      return {
        start: new Date(start),
        ...{ completed, failed },
        medianMs: took[Math.floor(took.length / 2)] ?? null,
        slowestMs: took.at(-1) ?? null,
      };
    }),
  );
}

/** Tasks are left out: some of them wait on purpose. */
async function timeOf(valkey: Redis, key: string): Promise<number[]> {
  const [name, queuedAt, endedAt] = await valkey.hmget(key, 'name', 'timestamp', 'finishedOn');
  const ms = Number(endedAt) - Number(queuedAt);
  return name === STORE_QUEUE && queuedAt && endedAt && ms >= 0 ? [ms] : [];
}
