import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { parseJson } from '../json.ts';
import { deleteFailureEvents, readFailureReason, replacePayloadUnlessActive } from './bullmq-layout.ts';
import { isForgottenJob } from './forgotten-job.ts';
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
    const failure = await readFailureReason(queue, connection, id);
    jobs.push({ id, text: data.text, payload: payload as StoreJob, failure });
  }
  return jobs;
}

/** Replaces a job's payload and the reason of its failure. Nothing is changed when the job is `gone`, has changed, or is `active`. */
export async function maskJob(
  queue: Queue,
  connection: Redis,
  { id, text, failure }: StoredJob,
  masked: { readonly payload: StoreJob; readonly failure: string | null },
): Promise<'gone' | 'masked' | 'active'> {
  const payload = { from: text, to: JSON.stringify(masked.payload) };
  const outcome = await replacePayloadUnlessActive(queue, connection, id, payload, masked.failure);
  if (outcome !== 'replaced') return outcome;
  if (failure !== masked.failure) await deleteFailureEvents(queue, connection, new Set([id]));
  return 'masked';
}
