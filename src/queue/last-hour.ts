import type { Config } from '../config.ts';
import { MINUTE } from '../time.ts';
import { readEndsByMinute } from './bullmq-layout.ts';
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
const MEASURED_PER_MINUTE = 10;

export interface QueueHistory {
  /**
   * The last hour, oldest minute first, in one command. Computed from the ended jobs that BullMQ keeps, so that workers record nothing for it.
   * @throws StoreUnreachableError, AccessRefusedError, WrongServerError
   */
  read(): Promise<QueueMinute[]>;
  close(): Promise<void>;
}

export function openQueueHistory(config: Config): QueueHistory {
  const { connection, queues, ask, close } = openQueues(config);
  // Tasks are not measured: some of them wait on purpose.
  const measured = { name: STORE_QUEUE, mostPerMinute: MEASURED_PER_MINUTE };
  return {
    async read() {
      const ends = await ask(() => readEndsByMinute(queues[STORE_QUEUE], connection, MINUTES, measured));
      return ends.minutes.map(([completed, failed, times], index) => {
        const took = times.toSorted((a, b) => a - b);
        return {
          start: new Date(ends.presentMinute - (ends.minutes.length - 1 - index) * MINUTE),
          ...{ completed, failed },
          medianMs: took[Math.floor(took.length / 2)] ?? null,
          slowestMs: took.at(-1) ?? null,
        };
      });
    },
    close,
  };
}
