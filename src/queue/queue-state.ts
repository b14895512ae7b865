import { readSpending, type Spending } from '../valkey/budget.ts';
import { fewestReplicas } from '../valkey/copies.ts';
import { pingPrimaries } from '../valkey/ping.ts';
import { countJobs, type JobCounts, jobExists, readLatestAttempts, readOldestWaiting } from './bullmq-layout.ts';
import { lastFailureReason, postponement } from './failure-reason.ts';
import { type LiveWorkers, readLiveWorkers } from './heartbeats.ts';
import type { QueueName } from './jobs.ts';
import type { OpenQueues } from './queues.ts';

// What Valkey knows about queues and workers. All functions throw StoreUnreachableError, AccessRefusedError, WrongServerError.

/** The number of workers, on any machine, that take jobs of the queue. */
export const countWorkers = ({ queues, ask }: OpenQueues, queue: QueueName): Promise<number> =>
  ask(() => queues[queue].getWorkersCount());

/** The number of jobs of the queue in each state. */
export const jobCounts = ({ queues, ask }: OpenQueues, queue: QueueName): Promise<JobCounts> =>
  ask(() => countJobs(queues[queue]));

/** When the oldest job that waits was added, in milliseconds since 1970; null for none. */
export const oldestWaiting = ({ queues, ask }: OpenQueues, queue: QueueName): Promise<number | null> =>
  ask((valkey) => readOldestWaiting(queues[queue], valkey));

/** Those of these uuids whose episodes the queue has, done or not. */
export const knownEpisodes = ({ queues, ask }: OpenQueues, uuids: readonly string[]): Promise<Set<string>> =>
  ask(async (valkey) => {
    const known = await Promise.all(uuids.map((uuid) => jobExists(queues.store, valkey, uuid)));
    return new Set(uuids.filter((_, index) => known[index]));
  });

/** Figures of both queues in Prometheus' text format. */
export const prometheusMetrics = ({ queues, ask }: OpenQueues): Promise<string[]> =>
  ask(() => Promise.all(Object.values(queues).map((queue) => queue.exportPrometheusMetrics())));

/** The live workers, as they report themselves, and the time of the last commit. */
export const liveWorkers = ({ config, ask }: OpenQueues): Promise<LiveWorkers> =>
  ask((valkey) => readLiveWorkers(valkey, config.queuePrefix));

/** What workers have spent on models today, with a budget or without. */
export const spendingToday = ({ config, ask }: OpenQueues): Promise<Spending> =>
  ask((valkey) => readSpending(valkey, config.queuePrefix));

/** The response time of Valkey in milliseconds. */
export const pingValkey = ({ config, ask }: OpenQueues): Promise<number> =>
  ask((valkey) => pingPrimaries(valkey, config.valkey));

/** Whether a store can make as many copies as VALKEY_COPIES or FALKORDB_COPIES asks for. */
export interface CopiesStatus {
  readonly wanted: number;
  /** Null where the server does not tell. */
  readonly replicas: number | null;
}

/** Null without VALKEY_COPIES. */
export const copiesStatus = async ({ config, ask }: OpenQueues): Promise<CopiesStatus | null> =>
  config.valkeyCopies > 0 ? { wanted: config.valkeyCopies, replicas: await ask(fewestReplicas) } : null;

/** True after BullMQ's `pause`, for example by a viewer of queues: workers take no job until it is resumed. */
export const isQueuePaused = ({ queues, ask }: OpenQueues, queue: QueueName): Promise<boolean> =>
  ask(() => queues[queue].isPaused());

/** At most this many jobs of each state are read for their failures. */
const READ_FOR_REASON = 40;

/** The latest failure of a job that waits for a retry or is a dead letter. */
export interface JobFailure {
  /** True for a dead letter. */
  readonly isFinal: boolean;
  readonly reason: string;
  /** The kind of the failure, such as `ConfigError`; null where it is not known. */
  readonly error: string | null;
  /** Null where it is not known, as for failed attempts. */
  readonly group: string | null;
  /** Milliseconds since 1970: since when the job has waited for this; of a failed attempt, when the job was added. */
  readonly since: number;
  /** Milliseconds since 1970: when its last attempt began. */
  readonly startedAt: number;
}

/** The failures of jobs that wait for a retry or are dead letters, the latest first; of up to 40 jobs in each state. */
export async function latestFailures({ queues, ask }: OpenQueues, queue: QueueName): Promise<JobFailure[]> {
  const attempts = await ask((valkey) => readLatestAttempts(queues[queue], valkey, READ_FOR_REASON));
  const failures = attempts.flatMap(({ state, addedAt, startedAt, ...attempt }): JobFailure[] => {
    const reason = lastFailureReason(attempt);
    if (reason === undefined) return [];
    const postponed = postponement(attempt.progress);
    return [
      {
        ...{ isFinal: state === 'failed', reason, error: postponed ? (postponed.error ?? null) : attempt.error },
        ...{ group: postponed?.group ?? null, since: postponed?.since ?? addedAt, startedAt },
      },
    ];
  });
  return failures.sort((a, b) => b.startedAt - a.startedAt);
}

/** The reason of the latest failure among jobs that wait for a retry or are dead letters; undefined for none. */
export const latestFailure = async (opened: OpenQueues, queue: QueueName): Promise<string | undefined> =>
  (await latestFailures(opened, queue))[0]?.reason;

/** A job's state. `waiting` includes the time between two attempts; `reason` is the reason of the last failure. */
export interface JobState {
  readonly state: 'waiting' | 'active' | 'completed' | 'failed';
  readonly reason?: string;
}

const STATES: Readonly<Record<string, JobState['state']>> = {
  active: 'active',
  completed: 'completed',
  failed: 'failed',
};

/** Undefined for a job that the queue does not have. @param group the group that the job of an episode must belong to */
export const jobState = (
  { queues, ask }: OpenQueues,
  queue: QueueName,
  jobId: string,
  group: string,
): Promise<JobState | undefined> =>
  ask(async () => {
    const job = await queues[queue].getJob(jobId);
    if (job?.data?.group !== group) return undefined;
    const state = STATES[await job.getState()] ?? 'waiting';
    const reason = state === 'completed' ? undefined : lastFailureReason(job);
    return { state, ...(reason !== undefined && { reason }) };
  });
