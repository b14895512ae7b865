import { type Job, UnrecoverableError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Config } from '../src/config.ts';
import { InvalidInput, isRetried } from '../src/errors.ts';
import type { Ingest } from '../src/ingest/ingest.ts';
import { BACKOFF, backoff, readStoreJob, readTaskJob, STORE_QUEUE, TASK } from '../src/queue/jobs.ts';
import { SECOND } from '../src/time.ts';
import type { Upkeep } from '../src/upkeep/upkeep.ts';

/** Takes `store` jobs, which bring an episode into the graph, and `task` jobs, which do something else to a graph. */
export function startStoreWorker(config: Config, connection: Redis, ingest: Ingest, upkeep: Upkeep): Worker {
  return new Worker(
    STORE_QUEUE,
    async (job) => {
      try {
        return await work(job, ingest, upkeep);
      } catch (error) {
        throw asFailure(error);
      }
    },
    { ...workerOptions(config, connection), concurrency: config.concurrency },
  );
}

async function work({ name, data }: Job, ingest: Ingest, upkeep: Upkeep): Promise<unknown> {
  if (name === STORE_QUEUE) return ingest(readStoreJob(data));
  if (name !== TASK) throw new InvalidInput(`This worker does not know jobs named "${name}"; a newer one may.`);
  const { group, task } = readTaskJob(data);
  return upkeep.run(group, task);
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
    settings: {
      backoffStrategy: (attempt: number, type?: string, error?: Error) =>
        type === BACKOFF ? backoff(attempt, error) : 0,
    },
  };
}
