import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { parseJson } from '../json.ts';
import { deleteFailureEvents, jobExists, listJobIds, readNameAndPayload } from './bullmq-layout.ts';
import { clearJobPayload, isForgottenJob } from './forgotten-job.ts';
import { TASK_JOB } from './jobs.ts';

/** What a queue held of a group before `removeGroupJobs`. */
export interface RemovedJobs {
  /** Number of removed jobs. */
  readonly removed: number;
  /** uuids of the episodes among all of the group's jobs, also of active ones. */
  readonly episodes: readonly string[];
  /** Number of jobs that a worker is processing, which cannot be removed. */
  readonly active: number;
}

/**
 * Removes a group's jobs in all states, with their failure events. An active job is emptied instead; the caller tries again once that job has finished.
 * The tasks that forget a group, of which the caller is one, stay: they hold no text.
 */
export async function removeGroupJobs(queue: Queue, connection: Redis, group: string): Promise<RemovedJobs> {
  const jobs = await jobsOfGroup(queue, connection, group);
  let [removed, active] = [0, 0];
  for (const { id, data } of jobs) {
    if ((await queue.remove(id)) === 1) {
      removed += 1;
      continue;
    }
    // Gone meanwhile, or locked by a worker.
    if (!(await jobExists(queue, connection, id))) continue;
    active += 1;
    if (typeof data.uuid === 'string') await clearJobPayload(queue, connection, { ...data, uuid: data.uuid, group });
  }
  if (jobs.length > 0) await deleteFailureEvents(queue, connection, new Set(jobs.map(({ id }) => id)));
  const episodes = jobs.flatMap(({ data: { uuid } }) => (typeof uuid === 'string' ? [uuid] : []));
  return { removed, episodes, active };
}

/** Number of a group's jobs in a queue, in all states. */
export async function countGroupJobs(queue: Queue, connection: Redis, group: string): Promise<number> {
  return (await jobsOfGroup(queue, connection, group)).length;
}

export interface Payload {
  readonly text: string;
  readonly uuid?: unknown;
}

/** Groups whose episodes are in a queue, in any state; forgotten episodes do not count. */
export async function groupsOfJobs(queue: Queue, connection: Redis): Promise<ReadonlySet<string>> {
  const groups = new Set<string>();
  for await (const { data } of jobsOf(queue, connection))
    if (typeof data?.group === 'string' && data.uuid !== undefined && !isForgottenJob(data)) groups.add(data.group);
  return groups;
}

export async function jobsOfGroup(
  queue: Queue,
  connection: Redis,
  group: string,
): Promise<{ id: string; data: Payload }[]> {
  const jobs: { id: string; data: Payload }[] = [];
  for await (const { id, name, text, data } of jobsOf(queue, connection)) {
    if (data?.group !== group) continue;
    if (name === TASK_JOB && data.task?.kind === 'forget-group') continue;
    jobs.push({ id, data: { text, uuid: data.uuid } });
  }
  return jobs;
}

interface JobData {
  readonly group?: unknown;
  readonly uuid?: unknown;
  readonly task?: { readonly kind?: unknown };
}

interface QueuedJob {
  readonly id: string;
  readonly name: string | null;
  readonly text: string;
  readonly data: JobData | undefined;
}

async function* jobsOf(queue: Queue, connection: Redis): AsyncGenerator<QueuedJob> {
  for await (const ids of listJobIds(queue, connection, 'all')) {
    const jobs = await Promise.all(
      ids.map(async (id) => ({ id, ...(await readNameAndPayload(queue, connection, id)) })),
    );
    for (const { id, name, payload: text } of jobs)
      if (text !== null) yield { id, name, text, data: parseJson(text) as JobData | undefined };
  }
}
