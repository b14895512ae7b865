import type { Job, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { parseJson } from '../json.ts';
import { runScript } from '../valkey/run-script.ts';

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

/*
 * Both scripts read a few short fields of jobs, never a payload, which may have a megabyte. The fields and sets are those of BullMQ 6.7. The
 * keys of jobs follow from the ids in the sets, and belong to the same node of a cluster.
 */

/** The number of delayed jobs that are read: those that are due next. */
const DELAYED = 200;

/**
 * KEYS[1] wait, KEYS[2] prioritized, KEYS[3] delayed
 * ARGV[1] what the keys of jobs begin with
 * ARGV[2] how many delayed jobs are read
 * Returns milliseconds since 1970, or nil when no job waits
 */
const OLDEST_WAITING = `
local ids = redis.call('ZRANGE', KEYS[3], 0, ARGV[2] - 1)
for _, id in ipairs(redis.call('ZRANGE', KEYS[2], 0, 0)) do table.insert(ids, id) end
local next = redis.call('LINDEX', KEYS[1], -1)
if next then table.insert(ids, next) end
local oldest = false
for _, id in ipairs(ids) do
  local time = tonumber(redis.call('HGET', ARGV[1] .. id, 'timestamp') or '')
  if time and (not oldest or time < oldest) then oldest = time end
end
return oldest`;

/** Since when the oldest job waits that is neither done nor a dead letter, in milliseconds since 1970; null for none. */
export async function oldestWaiting(queue: Queue, connection: Redis): Promise<number | null> {
  const keys = ['wait', 'prioritized', 'delayed'].map((set) => queue.toKey(set));
  const time = await runScript(connection, OLDEST_WAITING, keys, [queue.toKey(''), DELAYED]);
  return time === null ? null : Number(time);
}

/** At most this many jobs of each state are read to find a reason. */
const READ_FOR_REASON = 20;

/**
 * KEYS[1] failed, KEYS[2] delayed, KEYS[3] wait, KEYS[4] active
 * ARGV[1] what the keys of jobs begin with
 * ARGV[2] how many jobs of each state are read
 * Returns for each job with a reason or a progress: when its last attempt began, its reason and its progress
 */
const FAILURES = `
local rows = {}
local function read(ids)
  for _, id in ipairs(ids) do
    local job = redis.call('HMGET', ARGV[1] .. id, 'processedOn', 'failedReason', 'progress')
    if job[2] or job[3] then table.insert(rows, { job[1] or '0', job[2] or '', job[3] or '' }) end
  end
end
read(redis.call('ZREVRANGE', KEYS[1], 0, ARGV[2] - 1))
read(redis.call('ZREVRANGE', KEYS[2], 0, ARGV[2] - 1))
read(redis.call('LRANGE', KEYS[3], -ARGV[2], -1))
read(redis.call('LRANGE', KEYS[4], -ARGV[2], -1))
return rows`;

/** The latest failure among jobs that wait for a retry or are dead letters; undefined for none. */
export async function latestFailure(queue: Queue, connection: Redis): Promise<string | undefined> {
  // Jobs that wait for a store are back at the head of the queue, or are being tried.
  const keys = ['failed', 'delayed', 'wait', 'active'].map((set) => queue.toKey(set));
  const rows = (await runScript(connection, FAILURES, keys, [queue.toKey(''), READ_FOR_REASON])) as string[][];
  const failures = rows.flatMap(([startedAt, failedReason = '', progress = '']) => {
    const reason = lastFailureReason({ progress: (parseJson(progress) ?? 0) as Job['progress'], failedReason });
    return reason === undefined ? [] : [{ startedAt: Number(startedAt), reason }];
  });
  return failures.sort((a, b) => b.startedAt - a.startedAt)[0]?.reason;
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
