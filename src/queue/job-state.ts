import type { Job, Queue } from 'bullmq';
import type { Redis } from 'ioredis';

/** The progress value of a postponed job: BullMQ stores a reason only for failed attempts. */
export const postponeNote = (sentence: string) => ({ waitsFor: sentence });

/** Why a job was postponed; undefined for a job that was not. */
export function postponeReason(progress: unknown): string | undefined {
  const { waitsFor } = (progress ?? {}) as { waitsFor?: unknown };
  return typeof waitsFor === 'string' ? waitsFor : undefined;
}

/** Why a job's last attempt failed; undefined for none. A postponement's reason is replaced by the next failed attempt. */
export function lastFailureReason({
  progress,
  failedReason,
}: Pick<Job, 'progress' | 'failedReason'>): string | undefined {
  return postponeReason(progress) ?? (failedReason || undefined);
}

/** The number of delayed jobs that are read: those that are due next. */
const DELAYED = 200;

/**
 * Since when the oldest job waits that is neither done nor a dead letter, in milliseconds since 1970; null for none. Only times are read,
 * since a payload may have a megabyte.
 */
export async function oldestWaiting(queue: Queue, connection: Redis): Promise<number | null> {
  const [next, first, delayed] = await Promise.all([
    connection.lindex(queue.toKey('wait'), '-1'),
    connection.zrange(queue.toKey('prioritized'), '0', '0'),
    connection.zrange(queue.toKey('delayed'), '0', String(DELAYED - 1)),
  ]);
  const ids = [...(next === null ? [] : [next]), ...first, ...delayed];
  const times = await Promise.all(ids.map((id) => connection.hget(queue.toKey(id), 'timestamp')));
  const waitingSince = times.flatMap((time) => (time === null ? [] : [Number(time)]));
  return waitingSince.length === 0 ? null : Math.min(...waitingSince);
}

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
export async function jobState(queue: Queue, jobId: string, group: string): Promise<JobState | undefined> {
  const job = await queue.getJob(jobId);
  if (job?.data?.group !== group) return undefined;
  const state = STATES[await job.getState()] ?? 'waiting';
  const reason = state === 'completed' ? undefined : lastFailureReason(job);
  return { state, ...(reason !== undefined && { reason }) };
}
