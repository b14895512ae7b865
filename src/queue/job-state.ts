import type { Job, Queue } from 'bullmq';
import type { Redis } from 'ioredis';

/** What a job that waits without a counted attempt keeps as its progress: BullMQ notes a reason only for failed attempts. */
export const waitNote = (sentence: string) => ({ waitsFor: sentence });

/** Why it waits, of a job that does so without a counted attempt. */
export function waitReason(progress: unknown): string | undefined {
  const { waitsFor } = (progress ?? {}) as { waitsFor?: unknown };
  return typeof waitsFor === 'string' ? waitsFor : undefined;
}

/** Why a job's last attempt failed; undefined for none. A postponement's reason is replaced by the next failed attempt. */
export function lastReason({ progress, failedReason }: Pick<Job, 'progress' | 'failedReason'>): string | undefined {
  return waitReason(progress) ?? (failedReason || undefined);
}

/** Of the jobs that wait for another try, as many as are looked at: those whose turn is next. */
const DELAYED = 200;

/**
 * Since when the oldest job waits that is not done and not given up, in milliseconds since 1970; null for none. Only times are
 * read: a job's payload may be a megabyte.
 */
export async function oldestWaiting(queue: Queue, connection: Redis): Promise<number | null> {
  const [next, first, delayed] = await Promise.all([
    connection.lindex(queue.toKey('wait'), '-1'),
    connection.zrange(queue.toKey('prioritized'), '0', '0'),
    connection.zrange(queue.toKey('delayed'), '0', String(DELAYED - 1)),
  ]);
  const ids = [...(next === null ? [] : [next]), ...first, ...delayed];
  const times = await Promise.all(ids.map((id) => connection.hget(queue.toKey(id), 'timestamp')));
  const known = times.flatMap((time) => (time === null ? [] : [Number(time)]));
  return known.length === 0 ? null : Math.min(...known);
}

/** A job's state. `waiting` also between two attempts; `reason` is that of the last failure. */
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
