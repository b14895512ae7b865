import { InvalidInputError } from '../errors.ts';
import type { QueueName } from '../queue/jobs.ts';
import { type WaitingJob, waitingJobs } from '../queue/waiting-jobs.ts';
import type { QueueOptions } from './dead-letters.ts';
import type { Services } from './services.ts';

export interface WaitingJobsOptions extends QueueOptions {
  /** For each queue; default 20, at most 1,000. */
  readonly limit?: number;
}

const QUEUES: readonly QueueName[] = ['store', 'export'];
const MOST = 1000;

export async function listWaitingJobs(
  services: Services,
  { limit = 20, queue }: WaitingJobsOptions,
): Promise<WaitingJob[]> {
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST)
    throw new InvalidInputError(`The limit of waiting jobs must be 1 to ${MOST}.`);
  const opened = await services.queues();
  const names = queue === undefined ? QUEUES : [queue];
  return (await Promise.all(names.map((name) => waitingJobs(opened, name, limit)))).flat();
}
