import { QueueEvents } from 'bullmq';
import type { Config } from '../config.ts';
import { InvalidInput, isForeseen, JobFailed, TimedOut } from '../errors.ts';
import { SECOND } from '../time.ts';
import { established, impatientConnection, patientConnection } from '../valkey/connections.ts';
import { explainValkey } from '../valkey/failures.ts';
import { openQueue, type QueueName } from './producer.ts';

/** Waits for jobs of one queue to end. */
export interface Waiting {
  /** Starts to listen; a job added after this is not missed. */
  ready(): Promise<void>;
  /**
   * Waits until the job has ended well and gives what it returned.
   * @param limit milliseconds
   * @throws JobFailed with the job's own reason, TimedOut, InvalidInput when there is no such job
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

  return {
    async ready() {
      await ready();
    },
    async ended(jobId, limit, onProgress) {
      const source = await ready();
      const job = await queue.getJob(jobId);
      if (!job)
        throw new InvalidInput(`There is no ${queueName} job "${jobId}"; give the uuid that \`store\` printed.`);
      const listener = (event: { jobId: string; data: unknown }) => event.jobId === jobId && onProgress?.(event.data);
      source.on('progress', listener);
      try {
        return await job.waitUntilFinished(source, limit);
      } catch (error) {
        throw explain(error, queueName, limit, config);
      } finally {
        source.off('progress', listener);
      }
    },
    async close() {
      await (await events?.catch(() => undefined))?.close().catch(() => {});
      await queue.close().catch(() => {});
      listening.disconnect();
      asking.disconnect();
    },
  };
}

function explain(error: unknown, queue: QueueName, limit: number, config: Config): Error {
  const aboutValkey = explainValkey(error, config.valkey);
  if (isForeseen(aboutValkey)) return aboutValkey;
  const reason = error instanceof Error ? error.message : String(error);
  if (/timed out before finishing/.test(reason))
    return new TimedOut(
      `The ${queue} job did not end within ${limit / SECOND} s; it goes on by itself. \`memory-manager status\` shows the queue.`,
    );
  return new JobFailed(reason, { cause: error });
}
