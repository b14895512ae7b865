import { Job } from 'bullmq';
import type { Config } from '../../../src/config.ts';
import { openQueues } from '../../../src/queue/queues.ts';

/** The number of attempts of each `store` job, including the successful one; undefined for a job that is not completed. */
export async function attemptsOf(config: Config, jobIds: readonly string[]): Promise<(number | undefined)[]> {
  const { queues, close, ask } = openQueues(config);
  try {
    const jobs = await ask(() => Promise.all(jobIds.map((id) => Job.fromId(queues.store, id))));
    return jobs.map((job) => (job?.finishedOn && !job.failedReason ? job.attemptsMade : undefined));
  } finally {
    await close();
  }
}
