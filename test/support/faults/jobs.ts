import type { Job, Queue } from 'bullmq';
import type { Config } from '../../../src/config.ts';
import { openQueue } from '../../../src/queue/queues.ts';
import { retryingConnection } from '../../../src/valkey/connections.ts';

/** Opens the BullMQ queue directly, without the product. */
export async function withQueue<T>(config: Config, work: (queue: Queue) => Promise<T>): Promise<T> {
  const connection = retryingConnection(config.valkey);
  await connection.connect();
  const queue = openQueue('store', connection, config);
  try {
    return await work(queue);
  } finally {
    await queue.close();
    connection.disconnect();
  }
}

/** Starts of each completed job by id. A job starts again after its worker is killed and when it counts as stalled. */
export async function startsById(config: Config): Promise<ReadonlyMap<string, number>> {
  const jobs: Job[] = await withQueue(config, (queue) => queue.getJobs(['completed'], 0, -1));
  return new Map(jobs.map(({ id = '', attemptsStarted }) => [id, attemptsStarted]));
}

/** The number of attempts of each completed job. */
export async function attemptsOf(config: Config): Promise<number[]> {
  const jobs: Job[] = await withQueue(config, (queue) => queue.getJobs(['completed'], 0, -1));
  return jobs.map(({ attemptsMade }) => attemptsMade);
}
