import type { JobsOptions } from 'bullmq';
import type { Episode } from '../episode.ts';
import { type Carrier, carrier, jobTelemetry } from '../telemetry/tracing.ts';
import { timestamp } from '../time.ts';
import { openCopies } from '../valkey/copies.ts';
import { pingPrimaries } from '../valkey/ping.ts';
import { jobKey } from './bullmq-layout.ts';
import { addEpisodes, type BatchOptions } from './enqueue-many.ts';
import { existingName } from './existing-job.ts';
import {
  EXPORT_OPTIONS,
  type QueueName,
  STORE_OPTIONS,
  TASK_JOB,
  type Task,
  type TaskJob,
  taskOptions,
  toStoreJob,
} from './jobs.ts';
import type { OpenQueues } from './queues.ts';

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
  /** `summaries` waits ten seconds and is added once in that time; every other task is a separate job. */
  task(group: string, task: Task): Promise<Receipt>;
  /**
   * The response time of Valkey in milliseconds. Opens all connections, so that the next job is added without waiting for one.
   * @throws StoreUnreachableError, AccessRefusedError, WrongServerError
   */
  ping(): Promise<number>;
  /** True while the connection is open; only a call detects a frozen Valkey. */
  isReady(): boolean;
  /** Leaves the queues open. */
  close(): void;
}

/** Tasks that workers queue. They need no copy: a job that waited for replicas would stop all others, and most are queued again anyway. */
const OF_WORKERS: readonly Task['kind'][] = ['summaries', 'passages', 'expire', 'archive-forgotten'];

export function openProducer({ connection, queues, config, ask }: OpenQueues): Producer {
  const copies = config.valkeyCopies > 0 ? openCopies(config.valkey, config.valkeyCopies) : undefined;

  /** Without VALKEY_COPIES no round trip. */
  async function confirm(queue: QueueName, jobIds: readonly string[]): Promise<void> {
    if (copies && jobIds.length > 0) await ask(() => copies.confirm(jobIds.map((id) => jobKey(queues[queue], id))));
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
    async task(group, task) {
      const { jobId, ...options } = taskOptions(group, task, new Date());
      const data: TaskJob = { version: 1, group, task };
      await ask(() => queues.store.add(TASK_JOB, data, { ...options, jobId, telemetry: jobTelemetry(carrier()) }));
      if (!OF_WORKERS.includes(task.kind)) await confirm('store', [jobId]);
      return { queue: 'store', jobId };
    },
    ping: () =>
      ask(async (valkey) => {
        await copies?.connect();
        return pingPrimaries(valkey, config.valkey);
      }),
    isReady: () => connection.status === 'ready',
    close: () => copies?.close(),
  };
}

function receipt({ uuid }: Episode, name: string): EpisodeReceipt {
  return { queue: 'store', jobId: uuid, uuid, name };
}
