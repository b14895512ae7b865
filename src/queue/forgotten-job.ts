import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { parseJson } from '../json.ts';
import { runScript } from '../valkey/run-script.ts';
import { jobIds } from './job-ids.ts';

/** The payload of a `store` job after its episode was forgotten: enough to recognise the episode and to do nothing. */
interface ForgottenJob {
  readonly version: 1;
  readonly uuid: string;
  readonly group: string;
  readonly forgotten: true;
}

export function isForgottenJob(data: unknown): data is ForgottenJob {
  return (data as { forgotten?: unknown } | null)?.forgotten === true;
}

/**
 * Changes the job only if it is still as it was read: otherwise a job that BullMQ has trimmed meanwhile would be created again, and nothing
 * would ever remove it. Reasons of failed attempts may contain text, so they are removed too.
 *
 * KEYS[1] the job, a hash
 * KEYS[2] its logs
 * ARGV[1] the job's data as read
 * ARGV[2] the data that replace them
 * Returns 1, or 0 when the job has changed or is gone
 */
const CLEAR_JOB_PAYLOAD = `
if redis.call('HGET', KEYS[1], 'data') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'data', ARGV[2])
redis.call('HDEL', KEYS[1], 'failedReason', 'stacktrace', 'progress')
redis.call('DEL', KEYS[2])
return 1`;

/**
 * Removes the text from jobs in any state. The ids stay, so that the same episode is recognised when it is stored again. Dead letters are
 * removed. @returns how many jobs there were
 */
export async function forgetJobs(
  queue: Queue,
  connection: Redis,
  group: string,
  uuids: readonly string[],
): Promise<number> {
  let count = 0;
  for (const uuid of uuids) {
    const key = queue.toKey(uuid);
    const [text, failed] = await Promise.all([
      connection.hget(key, 'data'),
      connection.zscore(queue.toKey('failed'), uuid),
    ]);
    if (text === null || !payloadOf(text, group)) continue;
    count += 1;
    if ((await connection.hexists(key, 'failedReason')) === 1)
      await forgetFailureEvents(queue, connection, new Set([uuid]));
    if (failed !== null && (await queue.remove(uuid)) === 1) continue;
    await clearJobPayload(queue, connection, { uuid, group, text });
  }
  return count;
}

/** Removes the text from a job of an episode. @param job `text` is the payload as read */
export async function clearJobPayload(
  queue: Queue,
  connection: Redis,
  { uuid, group, text }: { readonly uuid: string; readonly group: string; readonly text: string },
): Promise<void> {
  const key = queue.toKey(uuid);
  const data: ForgottenJob = { version: 1, uuid, group, forgotten: true };
  await runScript(connection, CLEAR_JOB_PAYLOAD, [key, `${key}:logs`], [text, JSON.stringify(data)]);
}

const EVENTS_AT_ONCE = 1000;

/** Removes the failure events of jobs, which may contain forgotten text. */
export async function forgetFailureEvents(queue: Queue, connection: Redis, jobs: ReadonlySet<string>): Promise<void> {
  const key = queue.toKey('events');
  for (let from = '-'; ; ) {
    const events = await connection.xrange(key, from, '+', 'COUNT', EVENTS_AT_ONCE);
    const failures = events.filter(
      ([, fields]) => fields.includes('failedReason') && fields.some((field) => jobs.has(field)),
    );
    if (failures.length > 0) await connection.xdel(key, ...failures.map(([id]) => id));
    const last = events.at(-1)?.[0];
    if (last === undefined || events.length < EVENTS_AT_ONCE) return;
    from = `(${last}`;
  }
}

/** The payload of a job, if it belongs to the group and was not forgotten. */
function payloadOf(text: string, group: string): JobIdentity | undefined {
  const data = parseJson(text) as (JobIdentity & { readonly group?: unknown }) | null | undefined;
  return data?.group === group && !isForgottenJob(data) ? data : undefined;
}

/**
 * The uuids of a group's matching episodes whose jobs are not done or are dead letters. A job that ends meanwhile has its episode in the graph.
 */
export async function findJobs(
  queue: Queue,
  connection: Redis,
  group: string,
  matches: (job: JobIdentity) => boolean,
): Promise<string[]> {
  const matchingIds: string[] = [];
  for await (const ids of jobIds(queue, connection, 'unfinished')) {
    const payloads = await Promise.all(ids.map((id) => connection.hget(queue.toKey(id), 'data')));
    for (const [index, id] of ids.entries()) {
      const payload = payloadOf(payloads[index] ?? '', group);
      if (payload && matches(payload)) matchingIds.push(id);
    }
  }
  return matchingIds;
}

/** The parts of a payload that identify an episode. */
export interface JobIdentity {
  readonly uuid?: string;
  readonly name?: string;
  readonly saga?: string | null;
  readonly metadata?: unknown;
}
