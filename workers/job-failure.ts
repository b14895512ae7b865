import {
  DelayedError,
  type Job,
  type Processor,
  type Queue,
  RateLimitError,
  UnrecoverableError,
  WaitingError,
} from 'bullmq';
import type { Redis } from 'ioredis';
import type { Address, Config } from '../src/config.ts';
import { type FailureName, type FailurePolicy, failurePolicy, isFailure, isOperationalError } from '../src/errors.ts';
import { checkGroup } from '../src/group.ts';
import { postponeNote, postponeReason } from '../src/queue/failure-reason.ts';
import {
  BACKOFF_STRATEGY,
  backoff,
  EXPORT_QUEUE,
  NIGHTLY_JOB,
  postponeDelay,
  STORE_QUEUE,
  TASK_JOB,
} from '../src/queue/jobs.ts';
import { type Metrics, NO_METRICS } from '../src/telemetry/metrics.ts';
import { redactError } from '../src/telemetry/redact-error.ts';
import { carrierOf, trace } from '../src/telemetry/tracing.ts';
import { SECOND } from '../src/time.ts';
import { explainValkey, isAboutServer } from '../src/valkey/failures.ts';

/** Where a worker reports what happens. */
export interface Observers {
  readonly metrics?: Metrics;
  /** Called with a sentence for the log when something fails. */
  readonly onNotice?: (sentence: string) => void;
}

/** How long the whole queue pauses when a store is unavailable, plus up to half of that; then a few jobs are tried. */
const STORE_PAUSE = 1 * SECOND;
const STORE_FAILURES: readonly FailureName[] = ['StoreUnreachableError', 'WrongServerError', 'AccessRefusedError'];

/**
 * BullMQ's processor of a job: runs `work` and handles a failure by the policy in `errors.ts`. Only `retry` counts an attempt.
 * At shutdown the job goes back to the queue, which counts no attempt; work that still runs does no harm, since jobs are idempotent.
 * @param queue on a connection that waits for Valkey
 * @param valkey the address, for messages
 */
export function jobProcessor(
  queue: Queue,
  valkey: Address,
  work: (job: Job) => Promise<unknown>,
  observers: Observers,
): Processor {
  const report = failureReporter(queue, observers);
  // BullMQ passes the signal only to functions with three parameters.
  return async (job: Job, token: string | undefined, signal: AbortSignal | undefined) => {
    try {
      return await untilAborted(signal, traced(job, work));
    } catch (thrown) {
      if (signal?.aborted) {
        await job.moveToWait(token);
        throw new WaitingError();
      }
      // Leases, the result cache and versions throw Valkey's own errors; FalkorDB's are explained by its pool.
      const error = isAboutServer(thrown) ? explainValkey(thrown, valkey) : thrown;
      const policy = failurePolicy(error);
      report(job, policy, error);
      if (policy === 'postpone') throw await postponed(queue, job, token, error as Error);
      const failure = await withoutContent(job, error);
      if (policy === 'retry') throw failure;
      throw Object.assign(new UnrecoverableError(failure.message), { stack: failure.stack });
    }
  };
}

// Dashboards store the label `fate` and its values, so both keep their older words for the failure policies.
const FATE_LABELS: Readonly<Record<FailurePolicy, string>> = {
  postpone: 'waits',
  retry: 'retried',
  deadLetter: 'given up',
};

const KNOWN_JOBS: readonly string[] = [STORE_QUEUE, TASK_JOB, EXPORT_QUEUE, NIGHTLY_JOB];

function traced(job: Job, work: (job: Job) => Promise<unknown>): Promise<unknown> {
  const resource = KNOWN_JOBS.includes(job.name) ? job.name : 'unknown';
  const group = groupOf(job.data);
  const tags = { attempt: job.attemptsMade + 1, ...(group !== undefined && { group }) };
  return trace('memory.job', { resource, childOf: carrierOf(job.opts.telemetry), tags }, () => work(job));
}

/** The payload is not validated yet. */
function groupOf(data: unknown): string | undefined {
  try {
    return checkGroup((data as { group: string }).group);
  } catch {
    return undefined;
  }
}

async function untilAborted<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
  if (!signal) return work;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(new Error('The worker is shutting down.'));
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Delays the job or pauses the whole queue; returns the error by which BullMQ knows. */
async function postponed(queue: Queue, job: Job, token: string | undefined, error: Error): Promise<Error> {
  try {
    await job.updateProgress(postponeNote(error, groupOf(job.data) ?? null, job.progress));
    if (isFailure(error, ...STORE_FAILURES)) {
      // All jobs would fail the same way, so the whole queue pauses.
      await queue.rateLimit(Math.round(STORE_PAUSE * (1 + Math.random() / 2)));
      return new RateLimitError();
    }
    const postponements = job.attemptsStarted - job.attemptsMade;
    await job.moveToDelayed(Date.now() + Math.round(postponeDelay(error, postponements)), token);
    return new DelayedError();
  } catch (refused) {
    // Valkey refused the note as well. BullMQ would count an attempt for the original error.
    if (isAboutServer(refused)) return new RateLimitError();
    throw refused;
  }
}

/**
 * The failure as stored with the job, from where it gets into spans: with its name and stack, without a message that may be content.
 * The message of an unexpected failure goes into the job's log, which `dead-letter show` prints.
 */
async function withoutContent(job: Job, error: unknown): Promise<Error> {
  if (postponeReason(job.progress)) await job.updateProgress(0);
  const { name, message } = isOperationalError(error) ? error : redactError(error);
  if (!isOperationalError(error))
    await job.log(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
  const frames = (error instanceof Error ? (error.stack ?? '') : '').split('\n').filter((line) => /^ +at /.test(line));
  return Object.assign(new Error(message), { name, stack: [`${name}: ${message}`, ...frames].join('\n') });
}

/** Reports each failure once. Jobs postponed with the same message are reported once until another failure is reported. */
function failureReporter(queue: Queue, { metrics = NO_METRICS, onNotice = () => {} }: Observers) {
  let lastMessage = '';
  return (job: Job, policy: FailurePolicy, error: unknown): void => {
    metrics.increment('opencode.memory.jobs.failed', {
      queue: queue.name,
      fate: FATE_LABELS[policy],
    });
    const { message } = redactError(error);
    if (policy === 'postpone' && message === lastMessage) return;
    lastMessage = policy === 'postpone' ? message : '';
    onNotice(`${queue.name} ${job.id} failed (attempt ${job.attemptsMade + 1}, ${outcome(job, policy)}): ${message}`);
  };
}

function outcome(job: Job, policy: FailurePolicy): string {
  if (policy === 'postpone') return 'postponed; no attempt is counted';
  return policy === 'deadLetter' || job.attemptsMade + 1 >= (job.opts.attempts ?? 1) ? 'dead letter' : 'retried';
}

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
