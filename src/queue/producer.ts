import { type JobsOptions, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Config } from '../config.ts';
import type { Episode } from '../episode.ts';
import { InvalidInput } from '../errors.ts';
import { timestamp } from '../time.ts';
import { established, impatientConnection } from '../valkey/connections.ts';
import { explainValkey } from '../valkey/failures.ts';
import { EXPORT_OPTIONS, EXPORT_QUEUE, STORE_OPTIONS, STORE_QUEUE, toStoreJob } from './jobs.ts';

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
  export(group: string): Promise<Receipt>;
  /** Workers, on any machine, that take jobs of this queue. */
  workers(queue: QueueName): Promise<number>;
  counts(queue: QueueName): Promise<Counts>;
  close(): Promise<void>;
}

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
      return { queue: 'store', jobId: episode.uuid, uuid: episode.uuid, name };
    },
    async export(group) {
      const jobId = `export-${group}-${timestamp(new Date())}`.replaceAll(':', '-');
      await add('export', jobId, { version: 1, group }, EXPORT_OPTIONS);
      return { queue: 'export', jobId };
    },
    workers: (queue) => ask(() => queues[queue].getWorkersCount()),
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

/** BullMQ passes over a job whose id is there already, so what is kept may be another episode. @throws InvalidInput */
async function nameKept(queue: Queue, { uuid, name, group, content }: Episode): Promise<string> {
  const job = await queue.getJob(uuid);
  const kept = job?.data as Partial<Episode> | undefined;
  if (!job || kept?.name === name) return name;
  if (kept?.group !== group || kept.content !== content)
    throw new InvalidInput(`The uuid ${uuid} stands for another episode; leave it out to get a new one.`);
  if (await job.isFailed()) await job.retry();
  return kept.name ?? name;
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
