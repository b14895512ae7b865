import type { Config } from '../config.ts';
import { countJobs, type JobCounts, readLatestEnds } from './bullmq-layout.ts';
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

/** Watches the queue of episodes over one connection. */
export function openQueueWatch(config: Config): QueueWatch {
  const { connection, queues, ask, close } = openQueues(config);
  const { store } = queues;
  return {
    look: () =>
      ask(async () => {
        const [counts, lastEnded] = await Promise.all([countJobs(store), readLatestEnds(store, connection)]);
        return { counts, lastEnded };
      }),
    close,
  };
}
