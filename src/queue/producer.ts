import type { JobsOptions } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Config } from '../config.ts';
import type { Episode } from '../episode.ts';
import { type Carrier, carrier, jobTelemetry } from '../telemetry/tracing.ts';
import { timestamp } from '../time.ts';
import { readSpending, type Spending } from '../valkey/budget.ts';
import { primariesOf } from '../valkey/cluster.ts';
import { fewestReplicas, openCopies } from '../valkey/copies.ts';
import { replicaError } from '../valkey/failures.ts';
import { type DeadLetterStore, openDeadLetterStore } from './dead-letters.ts';
import { addEpisodes, type BatchOptions } from './enqueue-many.ts';
import { existingName } from './existing-job.ts';
import { type LiveWorkers, readLiveWorkers } from './heartbeats.ts';
import { type JobState, jobState, latestFailure, oldestWaiting } from './job-state.ts';
import { EXPORT_OPTIONS, STORE_OPTIONS, TASK, type Task, type TaskJob, taskOptions, toStoreJob } from './jobs.ts';
import { type NightlyExports, openNightlyExports } from './nightly-exports.ts';
import { openQueues } from './queues.ts';

export type QueueName = 'store' | 'export';

/** Proof that Valkey has the job. With VALKEY_COPIES, it also proves that this number of replicas has the job. */
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
export interface JobCounts {
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  readonly failed: number;
  readonly completed: number;
}

/** Whether a store can make as many copies as VALKEY_COPIES or FALKORDB_COPIES asks for. */
export interface CopiesStatus {
  readonly wanted: number;
  /** Null where the server does not tell. */
  readonly replicas: number | null;
}

/** Adds jobs to Valkey. Every call answers or fails within a second, also while Valkey is down or frozen. */
export interface Producer {
  /**
   * @param hasCallerId the caller gave the uuid: if the episode was stored before, its receipt is returned, and a dead letter is replayed
   * @param from the trace that the job continues if no trace is active
   * @throws StoreUnreachableError, AccessRefusedError, WrongServerError; InvalidInputError when the uuid belongs to another episode
   */
  store(episode: Episode, hasCallerId?: boolean, from?: Carrier): Promise<EpisodeReceipt>;
  /**
   * Stores many episodes, with receipts in the same order.
   * @param callerIds the uuids that callers gave; before the first episode is added, each is checked not to belong to another episode
   * @throws as `store`, naming the episode, or saying how many are in the queue if Valkey fails in between
   */
  storeMany(
    episodes: readonly Episode[],
    callerIds: ReadonlySet<string>,
    options?: BatchOptions,
  ): Promise<EpisodeReceipt[]>;
  /** @param first puts the job at the head of the queue, for a caller that waits */
  export(group: string, gzip?: boolean, first?: boolean): Promise<Receipt>;
  /** Nightly exports. */
  readonly nights: NightlyExports;
  readonly deadLetters: DeadLetterStore;
  /** `summaries` waits ten seconds and is added once in that time; every other task is a separate job. */
  task(group: string, task: Task): Promise<Receipt>;
  /** The number of workers, on any machine, that take jobs of this queue. */
  workers(queue: QueueName): Promise<number>;
  counts(queue: QueueName): Promise<JobCounts>;
  /** Those of these uuids whose episodes the queue has, done or not. */
  knownEpisodes(uuids: readonly string[]): Promise<Set<string>>;
  /** The state of a group's job; undefined for a job that the queue does not have. */
  job(queue: QueueName, jobId: string, group: string): Promise<JobState | undefined>;
  /** Since when the oldest job waits, in milliseconds since 1970; null for none. */
  oldestWaiting(queue: QueueName): Promise<number | null>;
  /** The live workers, as they report themselves, and the time of the last commit. */
  alive(): Promise<LiveWorkers>;
  /** What workers have spent on models today, with a budget or without. */
  spending(): Promise<Spending>;
  /** Figures of both queues in Prometheus' text format. */
  prometheus(): Promise<string[]>;
  /** Runs a call to Valkey for data other than queues. @throws StoreUnreachableError, AccessRefusedError, WrongServerError */
  ask<T>(work: (valkey: Redis) => Promise<T>): Promise<T>;
  /** True while the connection is open; only a call detects a frozen Valkey. */
  isReady(): boolean;
  /** The replicas that VALKEY_COPIES asks for, and the fewest that a primary has; null without VALKEY_COPIES. */
  copies(): Promise<CopiesStatus | null>;
  /** The response time of Valkey in milliseconds. @throws StoreUnreachableError, AccessRefusedError, WrongServerError */
  ping(): Promise<number>;
  /** The latest failure among jobs that wait for a retry or are dead letters; undefined for none. */
  lastFailure(queue: QueueName): Promise<string | undefined>;
  close(): Promise<void>;
}

/** Tasks that workers queue. They need no copy: a job that waited for replicas would stop all others, and most are queued again anyway. */
const OF_WORKERS: readonly Task['kind'][] = ['summaries', 'passages', 'expire', 'archive-forgotten'];

export function openProducer(config: Config): Producer {
  const opened = openQueues(config);
  const { connection, queues, ask, close } = opened;
  const wanted = config.valkeyCopies;
  const copies = wanted > 0 ? openCopies(config.valkey, wanted) : undefined;

  /** Without VALKEY_COPIES no round trip. */
  async function confirm(queue: QueueName, jobIds: readonly string[]): Promise<void> {
    if (copies && jobIds.length > 0) await ask(() => copies.confirm(jobIds.map((id) => queues[queue].toKey(id))));
  }

  async function checkPrimary(node: Redis): Promise<void> {
    // Managed servers may forbid ROLE.
    const [, role] = await Promise.all([node.ping(), node.role().catch(() => undefined)]);
    if (role?.[0] === 'slave') throw replicaError('Valkey', config.valkey);
  }

  async function add(queue: QueueName, data: unknown, options: JobsOptions, from?: Carrier): Promise<void> {
    await ask(() => queues[queue].add(queue, data, { ...options, telemetry: jobTelemetry(carrier(from)) }));
  }

  return {
    async store(episode, hasCallerId = false, from) {
      await add('store', toStoreJob(episode), { ...STORE_OPTIONS, jobId: episode.uuid }, from);
      const name = hasCallerId ? await ask(() => existingName(queues.store, episode)) : episode.name;
      await confirm('store', [episode.uuid]);
      return receipt(episode, name);
    },
    async storeMany(episodes, callerIds, options = {}) {
      const names = await addEpisodes(
        queues.store,
        episodes,
        ({ uuid }) => callerIds.has(uuid),
        { ask, confirm: (uuids) => confirm('store', uuids) },
        options,
      );
      return episodes.map((episode, index) => receipt(episode, names[index] ?? episode.name));
    },
    async export(group, gzip = false, first = false) {
      const jobId = `export-${group}-${timestamp(new Date())}`.replaceAll(':', '-');
      await add('export', { version: 1, group, ...(gzip && { gzip }) }, { ...EXPORT_OPTIONS, jobId, lifo: first });
      await confirm('export', [jobId]);
      return { queue: 'export', jobId };
    },
    nights: openNightlyExports(connection, queues.export, config.queuePrefix, ask),
    deadLetters: openDeadLetterStore(opened),
    async task(group, task) {
      const { jobId, ...options } = taskOptions(group, task, new Date());
      const data: TaskJob = { version: 1, group, task };
      await ask(() => queues.store.add(TASK, data, { ...options, jobId, telemetry: jobTelemetry(carrier()) }));
      if (!OF_WORKERS.includes(task.kind)) await confirm('store', [jobId]);
      return { queue: 'store', jobId };
    },
    knownEpisodes: (uuids) =>
      ask(async () => {
        const counts = await Promise.all(uuids.map((uuid) => connection.exists(queues.store.toKey(uuid))));
        return new Set(uuids.filter((_, index) => counts[index] === 1));
      }),
    workers: (queue) => ask(() => queues[queue].getWorkersCount()),
    job: (queue, jobId, group) => ask(() => jobState(queues[queue], jobId, group)),
    lastFailure: (queue) => ask(() => latestFailure(queues[queue], connection)),
    counts: (queue) =>
      ask(async () => {
        const counts = await queues[queue].getJobCounts('wait', 'active', 'delayed', 'failed', 'completed');
        const { wait = 0, active = 0, delayed = 0, failed = 0, completed = 0 } = counts;
        return { waiting: wait, active, delayed, failed, completed };
      }),
    oldestWaiting: (queue) => ask(() => oldestWaiting(queues[queue], connection)),
    alive: () => ask(() => readLiveWorkers(connection, config.queuePrefix)),
    spending: () => ask(() => readSpending(connection, config.queuePrefix)),
    prometheus: () => ask(() => Promise.all(Object.values(queues).map((queue) => queue.exportPrometheusMetrics()))),
    ask: (work) => ask(() => work(connection)),
    copies: async () => (wanted > 0 ? { wanted, replicas: await ask(() => fewestReplicas(connection)) } : null),
    isReady: () => connection.status === 'ready',
    ping() {
      return ask(async () => {
        // So that the next store need not wait for the connection.
        await copies?.connect();
        const began = performance.now();
        await Promise.all((await primariesOf(connection)).map(checkPrimary));
        return performance.now() - began;
      });
    },
    async close() {
      await close();
      copies?.close();
    },
  };
}

function receipt({ uuid }: Episode, name: string): EpisodeReceipt {
  return { queue: 'store', jobId: uuid, uuid, name };
}
