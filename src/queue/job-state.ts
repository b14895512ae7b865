import type { Queue } from 'bullmq';
import { lastReason } from './wait-reason.ts';

/** How far a job is. `waiting` also between two tries; `reason` tells why the last one failed. */
export interface JobState {
  readonly state: 'waiting' | 'active' | 'completed' | 'failed';
  readonly reason?: string;
}

const STATES: Readonly<Record<string, JobState['state']>> = {
  active: 'active',
  completed: 'completed',
  failed: 'failed',
};

/** Undefined for a job that the queue does not have. @param group the memory that an episode's job must be of */
export async function jobState(queue: Queue, jobId: string, group: string): Promise<JobState | undefined> {
  const job = await queue.getJob(jobId);
  if (job?.data?.group !== group) return undefined;
  const state = STATES[await job.getState()] ?? 'waiting';
  const reason = state === 'completed' ? undefined : lastReason(job);
  return { state, ...(reason !== undefined && { reason }) };
}
