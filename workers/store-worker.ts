import { UnrecoverableError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Config } from '../src/config.ts';
import { isRetried } from '../src/errors.ts';
import type { Ingest } from '../src/ingest/ingest.ts';
import { BACKOFF, backoff, readStoreJob, STORE_QUEUE } from '../src/queue/jobs.ts';
import { SECOND } from '../src/time.ts';

/** Takes `store` jobs and brings each episode into the graph. */
export function startStoreWorker(config: Config, connection: Redis, ingest: Ingest): Worker {
  return new Worker(
    STORE_QUEUE,
    async ({ data }) => {
      try {
        await ingest(readStoreJob(data));
      } catch (error) {
        throw asFailure(error);
      }
    },
    { ...workerOptions(config, connection), concurrency: config.concurrency },
  );
}

/** A failure that no repetition mends ends the job at once. */
export function asFailure(error: unknown): unknown {
  return isRetried(error) ? error : new UnrecoverableError((error as Error).message);
}

/**
 * A killed worker's jobs are taken over once their lock of 15 s ran out. They may be taken over often, since each kill of a
 * worker counts against every job that it held.
 */
export function workerOptions(config: Config, connection: Redis) {
  return {
    connection,
    prefix: config.queuePrefix,
    lockDuration: 15 * SECOND,
    stalledInterval: 5 * SECOND,
    maxStalledCount: 100,
    settings: { backoffStrategy: (attempt: number, type?: string) => (type === BACKOFF ? backoff(attempt) : 0) },
  };
}
