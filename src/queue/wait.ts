import { type Queue, QueueEvents } from 'bullmq';
import type { Config } from '../config.ts';
import { InvalidInputError, JobFailedError, TimedOutError } from '../errors.ts';
import { SECOND } from '../time.ts';
import { established, impatientConnection, patientConnection } from '../valkey/connections.ts';
import { explainValkey } from '../valkey/failures.ts';
import { lastReason, waitReason } from './job-state.ts';
import type { QueueName } from './producer.ts';
import { openQueue } from './queues.ts';

/** Waits for jobs of one queue to end. */
export interface Waiting {
  /** Starts to listen; a job added after this is not missed. */
  ready(): Promise<void>;
  /**
   * Waits until the job has succeeded and returns its result.
   * @param limit milliseconds
   * @throws JobFailedError with the job's own reason, TimedOutError, InvalidInputError when there is no such job
   */
  ended(jobId: string, limit: number, onProgress?: (progress: unknown) => void): Promise<unknown>;
  close(): Promise<void>;
}

/**
 * Listens with one long-lived `QueueEvents` from the stream's present end on. A fresh one that starts at `$` misses what
 * happens before its first read (seen with BullMQ 6.7: 4 of 60).
 */
export function openWaiting(queueName: QueueName, config: Config): Waiting {
  const asking = impatientConnection(config.valkey);
  const listening = patientConnection(config.valkey);
  const queue = openQueue(queueName, asking, config);
  let events: Promise<QueueEvents> | undefined;

  async function listen(): Promise<QueueEvents> {
    await established(asking, config.valkey);
    const stream = `${config.queuePrefix}:${queueName}:events`;
    const [last] = await asking.xrevrange(stream, '+', '-', 'COUNT', 1);
    const opened = new QueueEvents(queueName, {
      connection: listening,
      prefix: config.queuePrefix,
      lastEventId: last?.[0] ?? '0-0',
    });
    opened.on('error', () => {});
    // Every wait listens for itself.
    opened.setMaxListeners(0);
    return opened;
  }

  async function ready(): Promise<QueueEvents> {
    events ??= listen();
    try {
      return await events;
    } catch (error) {
      events = undefined;
      throw explainValkey(error, config.valkey);
    }
  }

  /** Undefined for a job that is not there. @throws JobFailedError */
  async function look(jobId: string): Promise<{ hasEnded: boolean; value?: unknown } | undefined> {
    const state = await queue.getJobState(jobId);
    const job = await queue.getJob(jobId);
    if (state === 'failed' && job) throw new JobFailedError(job.failedReason);
    return job && { hasEnded: state === 'completed', value: job.returnvalue };
  }

  return {
    async ready() {
      await ready();
    },
    async ended(jobId, limit, onProgress) {
      const source = await ready();
      const end = jobEnd(source, jobId, limit, onProgress);
      try {
        // What ended before we listened tells no more; its state does. The state is asked first: a job read before it
        // ended has no reason yet.
        const job = await look(jobId);
        if (!job)
          throw new InvalidInputError(`There is no ${queueName} job "${jobId}"; give the uuid of \`store --json\`.`);
        if (job.hasEnded) return job.value;
        return await end.reached.catch(async (error: unknown) => {
          if (error !== LATE) throw error;
          // The event may have been missed while the listening connection was down.
          const now = await look(jobId).catch((failed: unknown) => {
            if (failed instanceof JobFailedError) throw failed;
            return undefined;
          });
          if (now?.hasEnded) return now.value;
          throw late(queueName, limit, await whyNot(queue, jobId));
        });
      } catch (error) {
        throw explainValkey(error, config.valkey);
      } finally {
        end.stop();
      }
    },
    async close() {
      // First: a server that is gone would make the orderly end wait indefinitely.
      listening.disconnect();
      asking.disconnect();
      await (await events?.catch(() => undefined))?.close().catch(() => {});
      await queue.close().catch(() => {});
    },
  };
}

const LATE = Symbol('late');

/** Listens until the job has ended or the time is over. */
function jobEnd(source: QueueEvents, jobId: string, limit: number, onProgress?: (progress: unknown) => void) {
  const { promise: reached, resolve, reject } = Promise.withResolvers<unknown>();
  reached.catch(() => {});
  const on = {
    completed: (event: { jobId: string; returnvalue: unknown }) => event.jobId === jobId && resolve(event.returnvalue),
    failed: (event: { jobId: string; failedReason: string }) =>
      event.jobId === jobId && reject(new JobFailedError(event.failedReason)),
    progress: (event: { jobId: string; data: unknown }) => {
      if (event.jobId === jobId && waitReason(event.data) === undefined) onProgress?.(event.data);
    },
  };
  for (const name of ['completed', 'failed', 'progress'] as const) source.on(name, on[name] as never);
  const timer = setTimeout(() => reject(LATE), limit);
  const stop = () => {
    clearTimeout(timer);
    for (const name of ['completed', 'failed', 'progress'] as const) source.off(name, on[name] as never);
  };
  return { reached, stop };
}

/** Why the last attempt failed; undefined when there was none, or the queue does not answer in time. */
async function whyNot(queue: Queue, jobId: string): Promise<string | undefined> {
  const job = await queue.getJob(jobId).catch(() => undefined);
  return job && lastReason(job);
}

function late(queue: QueueName, limit: number, reason: string | undefined): TimedOutError {
  const failed = reason ? ` Its last try failed: ${reason}` : '';
  return new TimedOutError(
    `The ${queue} job did not end within ${limit / SECOND} s; it goes on by itself. \`memory-manager status\` shows the queue.${failed}`,
  );
}
