import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { parseJson } from '../json.ts';
import { runScript } from '../valkey/run-script.ts';
import { forgetFailureEvents, isForgottenJob } from './forgotten-job.ts';
import { jobsOfGroup } from './group-jobs.ts';
import type { StoreJob } from './jobs.ts';

/** The episode of a job, in any state. */
export interface StoredJob {
  readonly id: string;
  /** The payload as read. */
  readonly text: string;
  readonly payload: StoreJob;
  /** Why its last attempt failed; may quote the episode. */
  readonly failure: string | null;
}

/** The episodes among a group's jobs; forgotten ones are left out. */
export async function episodeJobs(queue: Queue, connection: Redis, group: string): Promise<StoredJob[]> {
  const jobs: StoredJob[] = [];
  for (const { id, data } of await jobsOfGroup(queue, connection, group)) {
    const payload = parseJson(data.text);
    if (data.uuid === undefined || isForgottenJob(payload)) continue;
    const failure = await connection.hget(queue.toKey(id), 'failedReason');
    jobs.push({ id, text: data.text, payload: payload as StoreJob, failure });
  }
  return jobs;
}

/**
 * A worker has read the payload of a active job and would store it unchanged.
 *
 * KEYS[1] the job, a hash
 * KEYS[2] the list of active jobs
 * ARGV[1] the job's id
 * ARGV[2] the payload as read
 * ARGV[3] the payload that replaces it
 * ARGV[4] the reason of its failure; empty for none
 * Returns 1; 0 when the job has changed or is gone; 2 when it is active
 */
const MASK_JOB = `
if redis.call('LPOS', KEYS[2], ARGV[1]) then return 2 end
if redis.call('HGET', KEYS[1], 'data') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'data', ARGV[3])
redis.call('HDEL', KEYS[1], 'stacktrace')
if ARGV[4] ~= '' then redis.call('HSET', KEYS[1], 'failedReason', ARGV[4]) end
return 1`;

const OUTCOMES = ['gone', 'masked', 'active'] as const;

/** Ids of the active jobs. */
export async function activeJobs(queue: Queue, connection: Redis): Promise<ReadonlySet<string>> {
  return new Set(await connection.lrange(queue.toKey('active'), 0, -1));
}

/** Replaces a job's payload and the reason of its failure. Nothing is changed when the job is `gone`, has changed, or is `active`. */
export async function maskJob(
  queue: Queue,
  connection: Redis,
  { id, text, failure }: StoredJob,
  masked: { readonly payload: StoreJob; readonly failure: string | null },
): Promise<(typeof OUTCOMES)[number]> {
  const keys = [queue.toKey(id), queue.toKey('active')];
  const args = [id, text, JSON.stringify(masked.payload), masked.failure ?? ''];
  const reply = await runScript(connection, MASK_JOB, keys, args);
  const outcome = OUTCOMES[reply as number] ?? 'gone';
  if (outcome === 'masked' && failure !== masked.failure) await forgetFailureEvents(queue, connection, new Set([id]));
  return outcome;
}
