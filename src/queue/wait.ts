import { type Queue, QueueEvents } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Config } from '../config.ts';
import { InvalidInputError, JobFailedError, TimedOutError } from '../errors.ts';
import { SECOND } from '../time.ts';
import {
  disconnectWithDuplicates,
  ensureConnected,
  failFastConnection,
  retryingConnection,
} from '../valkey/connections.ts';
import { explainValkey } from '../valkey/failures.ts';
import { withTimeout } from '../with-timeout.ts';
import { lastFailureReason, postponeReason } from './failure-reason.ts';
import type { QueueName } from './jobs.ts';
import { openQueue } from './queues.ts';

/** Waits for jobs of one queue to end. */
export interface JobWaiter {
  /** Starts to listen; a job added after this is not missed. */
  ready(): Promise<void>;
  /**
   * Waits until the job has succeeded and returns its result.
   * @param limit milliseconds
   * @param signal ends the wait, not the job
   * @throws JobFailedError with the job's own reason, TimedOutError, InvalidInputError when there is no such job, the signal's reason
   */
  result(
    jobId: string,
    limit: number,
    onProgress?: (progress: unknown) => void,
    signal?: AbortSignal,
  ): Promise<unknown>;
  close(): Promise<void>;
}

/**
 * Listens with one long-lived `QueueEvents` from the stream's present end on. A fresh one that starts at `$` misses what
 * happens before its first read (seen with BullMQ 6.7: 4 of 60).
 */
export function openJobWaiter(queueName: QueueName, config: Config): JobWaiter {
  const asking = failFastConnection(config.valkey);
  const listening = retryingConnection(config.valkey);
  const queue = openQueue(queueName, asking, config);
  let events: Promise<QueueEvents> | undefined;

  async function ready(): Promise<QueueEvents> {
    events ??= openEvents(queueName, config, asking, listening);
    try {
      return await events;
    } catch (error) {
      events = undefined;
      throw explainValkey(error, config.valkey);
    }
  }

  return {
    async ready() {
      await ready();
    },
    async result(jobId, limit, onProgress, signal) {
      signal?.throwIfAborted();
      const source = await ready();
      const end = untilFinished(source, jobId, limit, onProgress, signal);
      try {
        // A job that ended before we subscribed sends no event; its state shows it.
        const job = await readJob(queue, jobId);
        if (!job)
          throw new InvalidInputError(`There is no ${queueName} job "${jobId}"; give the uuid of \`store --json\`.`);
        if (job.hasEnded) return job.value;
        return await end.reached.catch((error: unknown) => {
          if (error !== LATE) throw error;
          return missedResult(queue, queueName, jobId, limit);
        });
      } catch (error) {
        throw explainValkey(error, config.valkey);
      } finally {
        end.stop();
      }
    },
    async close() {
      // First: without a server the orderly close would wait indefinitely.
      listening.disconnect();
      asking.disconnect();
      const opened = await events?.catch(() => undefined);
      await withTimeout(CLOSE_TIMEOUT, Promise.allSettled([opened?.close(), queue.close()]), () => undefined);
      disconnectWithDuplicates(listening);
    },
  };
}

const LATE = Symbol('late');
/** For the orderly close of BullMQ's connections. */
const CLOSE_TIMEOUT = 1 * SECOND;

async function openEvents(queueName: QueueName, config: Config, asking: Redis, listening: Redis): Promise<QueueEvents> {
  await ensureConnected(asking, config.valkey);
  const stream = `${config.queuePrefix}:${queueName}:events`;
  const [last] = await asking.xrevrange(stream, '+', '-', 'COUNT', 1);
  const opened = new QueueEvents(queueName, {
    connection: listening,
    prefix: config.queuePrefix,
    lastEventId: last?.[0] ?? '0-0',
  });
  opened.on('error', () => {});
  // Each wait adds its own listeners.
  opened.setMaxListeners(0);
  return opened;
}

/** Undefined for a job that does not exist. @throws JobFailedError */
async function readJob(queue: Queue, jobId: string): Promise<{ hasEnded: boolean; value?: unknown } | undefined> {
  // The state first: a job that was read before it ended has no reason yet.
  const state = await queue.getJobState(jobId);
  const job = await queue.getJob(jobId);
  if (state === 'failed' && job) throw new JobFailedError(job.failedReason);
  return job && { hasEnded: state === 'completed', value: job.returnvalue };
}

/**
 * The result of a job whose event was missed while the listening connection was down.
 * @throws JobFailedError; TimedOutError if the job has not ended
 */
async function missedResult(queue: Queue, queueName: QueueName, jobId: string, limit: number): Promise<unknown> {
  const job = await readJob(queue, jobId).catch((error: unknown) => {
    if (error instanceof JobFailedError) throw error;
    return undefined;
  });
  if (job?.hasEnded) return job.value;
  throw late(queueName, limit, await reasonOfDelay(queue, jobId));
}

/** Listens until the job has ended or the time limit has passed. */
function untilFinished(
  source: QueueEvents,
  jobId: string,
  limit: number,
  onProgress?: (progress: unknown) => void,
  signal?: AbortSignal,
) {
  const { promise: reached, resolve, reject } = Promise.withResolvers<unknown>();
  reached.catch(() => {});
  const on = {
    completed: (event: { jobId: string; returnvalue: unknown }) => event.jobId === jobId && resolve(event.returnvalue),
    failed: (event: { jobId: string; failedReason: string }) =>
      event.jobId === jobId && reject(new JobFailedError(event.failedReason)),
    progress: (event: { jobId: string; data: unknown }) => {
      if (event.jobId === jobId && postponeReason(event.data) === undefined) onProgress?.(event.data);
    },
  };
  for (const name of ['completed', 'failed', 'progress'] as const) source.on(name, on[name] as never);
  const timer = setTimeout(() => reject(LATE), limit);
  const abort = () => reject(signal?.reason);
  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort, { once: true });
  const stop = () => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
    for (const name of ['completed', 'failed', 'progress'] as const) source.off(name, on[name] as never);
  };
  return { reached, stop };
}

/** Why the last attempt failed; undefined when there was none, or the queue does not answer in time. */
async function reasonOfDelay(queue: Queue, jobId: string): Promise<string | undefined> {
  const job = await queue.getJob(jobId).catch(() => undefined);
  return job && lastFailureReason(job);
}

function late(queue: QueueName, limit: number, reason: string | undefined): TimedOutError {
  const failed = reason ? ` Its last try failed: ${reason}` : '';
  return new TimedOutError(
    `The ${queue} job did not end within ${limit / SECOND} s; the job continues. \`memory-manager status\` shows the queue.${failed}`,
  );
}
