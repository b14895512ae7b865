import { type JobsOptions, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Config } from '../config.ts';
import type { Episode } from '../episode.ts';
import { timestamp } from '../time.ts';
import { established, impatientConnection } from '../valkey/connections.ts';
import { explainValkey } from '../valkey/failures.ts';
import { addMany, type ManyOptions } from './add-many.ts';
import {
  EXPORT_OPTIONS,
  EXPORT_QUEUE,
  STORE_OPTIONS,
  STORE_QUEUE,
  TASK,
  type Task,
  type TaskJob,
  taskOptions,
  toStoreJob,
} from './jobs.ts';
import { nameKept } from './kept-episode.ts';

export type QueueName = 'store' | 'export';

/** Proof that Valkey has the job. */
export interface Receipt {
  readonly queue: QueueName;
  readonly jobId: string;
}

/** Proof that Valkey has the episode. Its job has the episode's uuid as id. */
export interface EpisodeReceipt extends Receipt {
  readonly uuid: string;
  readonly name: string;
}

/** How many jobs of a queue are in which state. */
export interface Counts {
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  readonly failed: number;
  readonly completed: number;
}

/** Hands jobs to Valkey. Every call answers or fails within a second, also while Valkey is away or frozen. */
export interface Producer {
  /**
   * @param mayBeKnown the uuid is the caller's: if it was stored before, that episode's receipt is given, and a failed one is
   *                   tried again
   * @throws StoreUnreachable, AccessRefused, WrongServer; InvalidInput when the uuid stands for another episode
   */
  store(episode: Episode, mayBeKnown?: boolean): Promise<EpisodeReceipt>;
  /**
   * Many at once, with receipts in the same order.
   * @param given the uuids that are the callers'; none of them may stand for another episode before the first is added
   * @throws as `store`, naming the episode, or telling how many are in the queue when Valkey goes away in the middle
   */
  storeMany(episodes: readonly Episode[], given: ReadonlySet<string>, options?: ManyOptions): Promise<EpisodeReceipt[]>;
  export(group: string): Promise<Receipt>;
  /** `summaries` waits ten seconds and is added once in that time; every other task is a job of its own. */
  task(group: string, task: Task): Promise<Receipt>;
  /** Workers, on any machine, that take jobs of this queue. */
  workers(queue: QueueName): Promise<number>;
  counts(queue: QueueName): Promise<Counts>;
  /** Why the job that was tried last, of those that wait for another try or were given up, failed; undefined for none. */
  lastFailure(queue: QueueName): Promise<string | undefined>;
  close(): Promise<void>;
}

/** Of more jobs only the latest are looked at for a reason. */
const LOOKED_AT = 20;

export function openProducer(config: Config): Producer {
  const connection = impatientConnection(config.valkey);
  const queues = {
    store: openQueue(STORE_QUEUE, connection, config),
    export: openQueue(EXPORT_QUEUE, connection, config),
  };

  async function ask<T>(work: () => Promise<T>): Promise<T> {
    try {
      await established(connection, config.valkey);
      return await work();
    } catch (error) {
      throw explainValkey(error, config.valkey);
    }
  }

  async function add(queue: QueueName, jobId: string, data: unknown, options: JobsOptions): Promise<void> {
    await ask(() => queues[queue].add(queue, data, { ...options, jobId }));
  }

  return {
    async store(episode, mayBeKnown = false) {
      await add('store', episode.uuid, toStoreJob(episode), STORE_OPTIONS);
      const name = mayBeKnown ? await ask(() => nameKept(queues.store, episode)) : episode.name;
      return receipt(episode, name);
    },
    async storeMany(episodes, given, options = {}) {
      const names = await addMany(queues.store, episodes, ({ uuid }) => given.has(uuid), ask, options);
      return episodes.map((episode, index) => receipt(episode, names[index] ?? episode.name));
    },
    async export(group) {
      const jobId = `export-${group}-${timestamp(new Date())}`.replaceAll(':', '-');
      await add('export', jobId, { version: 1, group }, EXPORT_OPTIONS);
      return { queue: 'export', jobId };
    },
    async task(group, task) {
      const { jobId, ...options } = taskOptions(group, task, new Date());
      const data: TaskJob = { version: 1, group, task };
      await ask(() => queues.store.add(TASK, data, { ...options, jobId }));
      return { queue: 'store', jobId };
    },
    workers: (queue) => ask(() => queues[queue].getWorkersCount()),
    lastFailure: (queue) =>
      ask(async () => {
        const jobs = await queues[queue].getJobs(['failed', 'delayed'], 0, LOOKED_AT - 1, false);
        const failed = jobs.filter((job) => job?.failedReason);
        return failed.sort((a, b) => (b.processedOn ?? 0) - (a.processedOn ?? 0))[0]?.failedReason;
      }),
    counts: (queue) =>
      ask(async () => {
        const counts = await queues[queue].getJobCounts('wait', 'active', 'delayed', 'failed', 'completed');
        const { wait = 0, active = 0, delayed = 0, failed = 0, completed = 0 } = counts;
        return { waiting: wait, active, delayed, failed, completed };
      }),
    async close() {
      await Promise.allSettled([queues.store.close(), queues.export.close()]);
      connection.disconnect();
    },
  };
}

function receipt({ uuid }: Episode, name: string): EpisodeReceipt {
  return { queue: 'store', jobId: uuid, uuid, name };
}

/**
 * Both skips are needed to fail fast and still recover: without them the queue waits for a connection for ever, or keeps
 * the failure of its first version check (seen with BullMQ 6.7).
 */
export function openQueue(name: string, connection: Redis, config: Config): Queue {
  const queue = new Queue(name, {
    connection,
    prefix: config.queuePrefix,
    skipWaitingForReady: true,
    skipVersionCheck: true,
    skipMetasUpdate: true,
  });
  queue.on('error', () => {});
  return queue;
}
