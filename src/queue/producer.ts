import type { JobsOptions } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Config } from '../config.ts';
import type { Episode } from '../episode.ts';
import { type Carrier, carrier, jobTelemetry } from '../telemetry/carrier.ts';
import { timestamp } from '../time.ts';
import { replicaError } from '../valkey/failures.ts';
import { addMany, type ManyOptions } from './add-many.ts';
import { type Alive, readAlive } from './alive.ts';
import { type JobState, jobState, lastReason, oldestWaiting } from './job-state.ts';
import { EXPORT_OPTIONS, STORE_OPTIONS, TASK, type Task, type TaskJob, taskOptions, toStoreJob } from './jobs.ts';
import { nameKept } from './kept-episode.ts';
import { type Nights, openNights } from './nightly-exports.ts';
import { openQueues } from './queues.ts';

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
  /** Set when Valkey did not answer in time and the episode is spooled on disk; the next command or worker adds it to the queue. */
  readonly spooled?: true;
}

/** The number of jobs of a queue in each state. */
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
   * @param from the trace that the job continues if none is active here
   * @throws StoreUnreachableError, AccessRefusedError, WrongServerError; InvalidInputError when the uuid stands for another episode
   */
  store(episode: Episode, mayBeKnown?: boolean, from?: Carrier): Promise<EpisodeReceipt>;
  /**
   * Many at once, with receipts in the same order.
   * @param given the uuids that are the callers'; none of them may stand for another episode before the first is added
   * @throws as `store`, naming the episode, or telling how many are in the queue when Valkey goes away in the middle
   */
  storeMany(episodes: readonly Episode[], given: ReadonlySet<string>, options?: ManyOptions): Promise<EpisodeReceipt[]>;
  /** @param first puts the job before all waiting ones, for a caller that waits for it */
  export(group: string, gzip?: boolean, first?: boolean): Promise<Receipt>;
  /** Nightly exports. */
  readonly nights: Nights;
  /** `summaries` waits ten seconds and is added once in that time; every other task is a job of its own. */
  task(group: string, task: Task): Promise<Receipt>;
  /** Workers, on any machine, that take jobs of this queue. */
  workers(queue: QueueName): Promise<number>;
  counts(queue: QueueName): Promise<Counts>;
  /** How far a job of a group is; undefined for one that the queue does not have. */
  job(queue: QueueName, jobId: string, group: string): Promise<JobState | undefined>;
  /** Since when the oldest job waits, in milliseconds since 1970; null for none. */
  oldestWaiting(queue: QueueName): Promise<number | null>;
  /** The workers that live, as they said themselves, and when the last episode was committed. */
  alive(): Promise<Alive>;
  /** Figures of both queues in Prometheus' text format. */
  prometheus(): Promise<string[]>;
  /** For what lies in Valkey beside the queues. @throws StoreUnreachableError, AccessRefusedError, WrongServerError */
  ask<T>(work: (valkey: Redis) => Promise<T>): Promise<T>;
  /** True while the connection is open; a frozen Valkey is only noticed by a call. */
  isReady(): boolean;
  /** How long Valkey took to answer, in milliseconds. @throws StoreUnreachableError, AccessRefusedError, WrongServerError */
  ping(): Promise<number>;
  /** The latest failure among jobs that wait for a retry or are dead letters; undefined for none. */
  lastFailure(queue: QueueName): Promise<string | undefined>;
  close(): Promise<void>;
}

/** Of more jobs only the latest are looked at for a reason. */
const LOOKED_AT = 20;

export function openProducer(config: Config): Producer {
  const { connection, queues, ask, close } = openQueues(config);

  async function add(queue: QueueName, data: unknown, options: JobsOptions, from?: Carrier): Promise<void> {
    await ask(() => queues[queue].add(queue, data, { ...options, telemetry: jobTelemetry(carrier(from)) }));
  }

  return {
    async store(episode, mayBeKnown = false, from) {
      await add('store', toStoreJob(episode), { ...STORE_OPTIONS, jobId: episode.uuid }, from);
      const name = mayBeKnown ? await ask(() => nameKept(queues.store, episode)) : episode.name;
      return receipt(episode, name);
    },
    async storeMany(episodes, given, options = {}) {
      const names = await addMany(queues.store, episodes, ({ uuid }) => given.has(uuid), ask, options);
      return episodes.map((episode, index) => receipt(episode, names[index] ?? episode.name));
    },
    async export(group, gzip = false, first = false) {
      const jobId = `export-${group}-${timestamp(new Date())}`.replaceAll(':', '-');
      await add('export', { version: 1, group, ...(gzip && { gzip }) }, { ...EXPORT_OPTIONS, jobId, lifo: first });
      return { queue: 'export', jobId };
    },
    nights: openNights(connection, queues.export, config.queuePrefix, ask),
    async task(group, task) {
      const { jobId, ...options } = taskOptions(group, task, new Date());
      const data: TaskJob = { version: 1, group, task };
      await ask(() => queues.store.add(TASK, data, { ...options, jobId, telemetry: jobTelemetry(carrier()) }));
      return { queue: 'store', jobId };
    },
    workers: (queue) => ask(() => queues[queue].getWorkersCount()),
    job: (queue, jobId, group) => ask(() => jobState(queues[queue], jobId, group)),
    lastFailure: (queue) =>
      ask(async () => {
        // Jobs that wait for a store stand at the head of the waiting ones again, or are just being tried.
        const [ended, waiting] = await Promise.all([
          queues[queue].getJobs(['failed', 'delayed'], 0, LOOKED_AT - 1, false),
          queues[queue].getJobs(['wait', 'active'], 0, LOOKED_AT - 1, true),
        ]);
        const failed = [...ended, ...waiting].filter((job) => job && lastReason(job));
        const [last] = failed.sort((a, b) => (b.processedOn ?? 0) - (a.processedOn ?? 0));
        return last && lastReason(last);
      }),
    counts: (queue) =>
      ask(async () => {
        const counts = await queues[queue].getJobCounts('wait', 'active', 'delayed', 'failed', 'completed');
        const { wait = 0, active = 0, delayed = 0, failed = 0, completed = 0 } = counts;
        return { waiting: wait, active, delayed, failed, completed };
      }),
    oldestWaiting: (queue) => ask(() => oldestWaiting(queues[queue], connection)),
    alive: () => ask(() => readAlive(connection, config.queuePrefix)),
    prometheus: () => ask(() => Promise.all(Object.values(queues).map((queue) => queue.exportPrometheusMetrics()))),
    ask: (work) => ask(() => work(connection)),
    isReady: () => connection.status === 'ready',
    ping() {
      return ask(async () => {
        const began = performance.now();
        // Managed servers may forbid to ask for the role.
        const [, role] = await Promise.all([connection.ping(), connection.role().catch(() => undefined)]);
        if (role?.[0] === 'slave') throw replicaError('Valkey', config.valkey);
        return performance.now() - began;
      });
    },
    close,
  };
}

function receipt({ uuid }: Episode, name: string): EpisodeReceipt {
  return { queue: 'store', jobId: uuid, uuid, name };
}
