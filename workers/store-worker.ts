import { type Job, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Config } from '../src/config.ts';
import type { Ingest } from '../src/ingest/ingest.ts';
import { isForgottenJob } from '../src/queue/forgotten-job.ts';
import {
  BACKOFF_STRATEGY,
  backoff,
  readStoreJob,
  readTaskJob,
  refuseJob,
  STORE_QUEUE,
  TASK,
  type Task,
} from '../src/queue/jobs.ts';
import { openQueue } from '../src/queue/queues.ts';
import type { Upkeep } from '../src/upkeep/upkeep.ts';
import { jobProcessor, type Observers } from './job-failure.ts';

/** Processes `store` jobs, which bring an episode into the graph, and `task` jobs, which change a graph in another way. */
export function startStoreWorker(
  config: Config,
  connection: Redis,
  ingest: Ingest,
  upkeep: Upkeep,
  observers: Observers = {},
): Worker {
  const queue = openQueue(STORE_QUEUE, connection, config);
  return new Worker(
    STORE_QUEUE,
    jobProcessor(queue, config.valkey, (job) => work(job, ingest, upkeep), observers),
    { ...workerOptions(config, connection), concurrency: config.concurrency },
  );
}

async function work({ name, data, attemptsStarted }: Job, ingest: Ingest, upkeep: Upkeep): Promise<unknown> {
  if (name === STORE_QUEUE) {
    if (!isForgottenJob(data)) return ingest(readStoreJob(data));
    // A worker that died during the job may have left data behind.
    if (attemptsStarted > 1) await upkeep.run(data.group, onlyThis(data.uuid));
    return undefined;
  }
  if (name !== TASK) refuseJob(name, data);
  const { group, task } = readTaskJob(data);
  const result = await upkeep.run(group, task);
  // The result would stay in Valkey for days, with content; the summary is in the graph.
  return task.kind === 'summarize-saga' ? undefined : result;
}

const onlyThis = (uuid: string): Task => ({
  kind: 'forget',
  withEpisodes: false,
  ...{ episodes: [uuid], facts: [], entities: [] },
});

/**
 * A killed worker's jobs are taken over once their locks have expired. The limit of takeovers is high, since each kill of a worker counts
 * against every job that it held.
 */
export function workerOptions({ queuePrefix, takeoverMs, stalledLimit }: Config, connection: Redis) {
  return {
    connection,
    prefix: queuePrefix,
    lockDuration: takeoverMs,
    // BullMQ's scripts take whole numbers only.
    stalledInterval: Math.ceil(takeoverMs / 3),
    maxStalledCount: stalledLimit,
    // Without it the exporter's totals stay 0.
    metrics: { maxDataPoints: 60 },
    settings: {
      backoffStrategy: (attempt: number, type?: string) => (type === BACKOFF_STRATEGY ? backoff(attempt) : 0),
    },
  };
}
