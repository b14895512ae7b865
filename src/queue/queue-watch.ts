import type { Config } from '../config.ts';
import type { JobCounts } from './producer.ts';
import { openQueues } from './queues.ts';

/** The queue of episodes and tasks at one moment. */
export interface QueueSnapshot {
  readonly counts: JobCounts;
  /** Changes whenever a job ends, also when the counts are the same as before. */
  readonly lastEnded: string;
}

export interface QueueWatch {
  /** Three small commands in one round trip. @throws StoreUnreachableError, AccessRefusedError, WrongServerError */
  look(): Promise<QueueSnapshot>;
  close(): Promise<void>;
}

/** Watches the queue of episodes over one connection. Which job ended last is read from the sorted sets in which BullMQ 6.7 keeps ended jobs. */
export function openQueueWatch(config: Config): QueueWatch {
  const { connection, queues, ask, close } = openQueues(config);
  const { store } = queues;
  const last = (set: string) => connection.zrange(store.toKey(set), '0', '0', 'REV', 'WITHSCORES');
  return {
    look: () =>
      ask(async () => {
        const [{ wait = 0, active = 0, delayed = 0, failed = 0, completed = 0 }, ...ends] = await Promise.all([
          store.getJobCounts('wait', 'active', 'delayed', 'failed', 'completed'),
          last('completed'),
          last('failed'),
        ]);
        return { counts: { waiting: wait, active, delayed, failed, completed }, lastEnded: ends.flat().join(' ') };
      }),
    close,
  };
}
