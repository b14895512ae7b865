import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { parseJson } from '../json.ts';
import { runScript } from '../valkey/run-script.ts';
import { LAST_ERROR } from './bullmq-open-jobs.ts';

/*
 * Where BullMQ 6.7 stores what. Only `bullmq-open-jobs.ts`, which lists jobs that are not done, also names its keys and fields. This file does what BullMQ's API does not offer: it reads jobs whose
 * payload is broken or large, reads many jobs in one round trip, and changes a payload only if it is unchanged.
 * test/integration/queue/bullmq-layout.test.ts compares this file with jobs that BullMQ itself has written.
 *
 * Keys, each after `<prefix>:<queue>:`
 *   wait, paused, active                    lists of job ids; the next job is the last one of `wait`
 *   delayed, prioritized, waiting-children  sorted sets of job ids; `delayed` by the time at which the job is due
 *   completed, failed                       sorted sets of job ids, by the time of their end in milliseconds since 1970
 *   <id>                                    a job, a hash
 *   <id>:logs                               a list of texts
 *   events                                  a stream; an event of a failure contains its reason
 *
 * Fields of a job
 *   name, data, opts   as added; `data` and `opts` are JSON, and `tm` in `opts` is the trace
 *   timestamp          when the job was added; `processedOn` when its last attempt began; `finishedOn` when it ended, all in milliseconds
 *   atm, stc           counted attempts; how often the job stalled
 *   failedReason       why the last attempt failed; `stacktrace` has the stack of each failure, as a JSON array
 *   progress           JSON, as set by the worker
 */

type EndState = 'completed' | 'failed';

const LISTS = ['wait', 'paused', 'active'] as const;
const UNFINISHED_SETS = ['delayed', 'prioritized', 'waiting-children', 'failed'] as const;
/** Ids for each batch, so that no round trip takes close to the second after which Valkey counts as away. */
const BATCH = 100;

/** The key of a job. */
export const jobKey = (queue: Queue, id: string): string => queue.toKey(id);

const logsKey = (queue: Queue, id: string): string => queue.toKey(`${id}:logs`);

/** What the keys of all jobs begin with, for scripts. */
const jobKeyPrefix = (queue: Queue): string => queue.toKey('');

/** The number of jobs of a queue in each state. */
export interface JobCounts {
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  readonly failed: number;
  readonly completed: number;
}

export async function countJobs(queue: Queue): Promise<JobCounts> {
  const counts = await queue.getJobCounts('wait', 'active', 'delayed', 'failed', 'completed');
  const { wait = 0, active = 0, delayed = 0, failed = 0, completed = 0 } = counts;
  return { waiting: wait, active, delayed, failed, completed };
}

/**
 * The ids of a queue's jobs in batches: `unfinished` jobs are not done or are dead letters, `all` includes completed ones. All ids are read in one
 * transaction: workers move jobs between the lists, so that reading page by page would miss some.
 */
export async function* listJobIds(
  queue: Queue,
  connection: Redis,
  which: 'unfinished' | 'all',
): AsyncGenerator<string[]> {
  const reading = connection.multi();
  for (const list of LISTS) reading.lrange(queue.toKey(list), '0', '-1');
  const sets = which === 'all' ? [...UNFINISHED_SETS, 'completed'] : UNFINISHED_SETS;
  for (const set of sets) reading.zrange(queue.toKey(set), '0', '-1');
  const lists = ((await reading.exec()) ?? []).map(([error, ids]) => {
    if (error) throw error;
    return ids as string[];
  });
  const ids = [...new Set(lists.flat())];
  for (let start = 0; start < ids.length; start += BATCH) yield ids.slice(start, start + BATCH);
}

/** Ids of the jobs that a worker is processing. */
export async function listActiveJobIds(queue: Queue, connection: Redis): Promise<ReadonlySet<string>> {
  return new Set(await connection.lrange(queue.toKey('active'), 0, -1));
}

/** Ids of jobs that ended at `since` (milliseconds since 1970) or later, earliest first. */
export const listEndedJobIds = (queue: Queue, connection: Redis, state: EndState, since: number): Promise<string[]> =>
  connection.zrangebyscore(queue.toKey(state), since, '+inf');

export interface FailedJob {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly failedAt: number;
}

/** Dead letters, the latest first. @param most -1 for all */
export async function listFailedJobs(queue: Queue, connection: Redis, most = -1): Promise<FailedJob[]> {
  const rows = await connection.zrevrange(queue.toKey('failed'), 0, most < 0 ? -1 : most - 1, 'WITHSCORES');
  return Array.from({ length: rows.length / 2 }, (_, index) => ({
    id: rows[2 * index] ?? '',
    failedAt: Number(rows[2 * index + 1]),
  }));
}

/** When a job became a dead letter, in milliseconds since 1970; null if it is none. */
export async function readFailureTime(queue: Queue, connection: Redis, id: string): Promise<number | null> {
  const score = await connection.zscore(queue.toKey('failed'), id);
  return score === null ? null : Number(score);
}

/** A text that changes whenever a job ends. */
export async function readLatestEnds(queue: Queue, connection: Redis): Promise<string> {
  const latest = (state: EndState) => connection.zrange(queue.toKey(state), '0', '0', 'REV', 'WITHSCORES');
  return (await Promise.all([latest('completed'), latest('failed')])).flat().join(' ');
}

export const jobExists = async (queue: Queue, connection: Redis, id: string): Promise<boolean> =>
  (await connection.exists(jobKey(queue, id))) === 1;

/** A job as stored in Valkey, in a form that can always be read. */
export interface RawJob {
  readonly name: string;
  /** Parsed; the text itself if it is not JSON. */
  readonly data: unknown;
  /** As `opts.telemetry` of BullMQ's job. */
  readonly telemetry: { readonly metadata: string } | undefined;
  readonly failedReason: string;
  /** The stack traces of its failures, oldest first. */
  readonly stacktrace: readonly string[];
  readonly attemptsMade: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
}

/** Undefined for a job that does not exist. BullMQ's own reader fails for a whole page of jobs when one of them contains broken JSON. */
export async function readRawJob(queue: Queue, connection: Redis, id: string): Promise<RawJob | undefined> {
  const hash = await connection.hgetall(jobKey(queue, id));
  if (Object.keys(hash).length === 0) return undefined;
  const { tm: metadata } = (parsed(hash.opts) ?? {}) as { tm?: unknown };
  const stacktrace = parsed(hash.stacktrace);
  return {
    name: hash.name ?? '',
    data: parsed(hash.data),
    telemetry: typeof metadata === 'string' ? { metadata } : undefined,
    failedReason: hash.failedReason ?? '',
    stacktrace: Array.isArray(stacktrace) ? stacktrace.map(String) : [],
    attemptsMade: Number(hash.atm) || 0,
    timestamp: Number(hash.timestamp) || 0,
  };
}

/** The value, or the text itself if it is not JSON. */
function parsed(text: string | undefined): unknown {
  const value = parseJson(text ?? '');
  return value === undefined ? text : value;
}

/** The payload of a job as text; null for a job that does not exist. */
export const readPayload = (queue: Queue, connection: Redis, id: string): Promise<string | null> =>
  connection.hget(jobKey(queue, id), 'data');

/** The name and the payload of a job; nulls for a job that does not exist. */
export async function readNameAndPayload(
  queue: Queue,
  connection: Redis,
  id: string,
): Promise<{ readonly name: string | null; readonly payload: string | null }> {
  const [name = null, payload = null] = await connection.hmget(jobKey(queue, id), 'name', 'data');
  return { name, payload };
}

/** Whether an attempt of the job failed. */
export const hasFailureReason = async (queue: Queue, connection: Redis, id: string): Promise<boolean> =>
  (await connection.hexists(jobKey(queue, id), 'failedReason')) === 1;

/** Why the job's last attempt failed; null for none. */
export const readFailureReason = (queue: Queue, connection: Redis, id: string): Promise<string | null> =>
  connection.hget(jobKey(queue, id), 'failedReason');

/**
 * Changes the job only if its payload is as it was read: otherwise a job that BullMQ has trimmed meanwhile would be created again, and nothing
 * would ever remove it.
 *
 * KEYS[1] the job, KEYS[2] its logs
 * ARGV[1] the payload as read
 * ARGV[2] the payload that replaces it
 * Returns 1; 0 when the job has changed or is gone
 */
const REPLACE_PAYLOAD_AND_DROP_FAILURES = `
if redis.call('HGET', KEYS[1], 'data') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'data', ARGV[2])
redis.call('HDEL', KEYS[1], 'failedReason', 'stacktrace', 'progress')
redis.call('DEL', KEYS[2])
return 1`;

/** Replaces the payload of a job in any state, and removes the reasons of its failures and its logs. Nothing changes if the payload has changed. */
export async function replacePayloadAndDropFailures(
  queue: Queue,
  connection: Redis,
  id: string,
  payload: { readonly from: string; readonly to: string },
): Promise<void> {
  const keys = [jobKey(queue, id), logsKey(queue, id)];
  await runScript(connection, REPLACE_PAYLOAD_AND_DROP_FAILURES, keys, [payload.from, payload.to]);
}

/**
 * A worker has read the payload of an active job and would store it unchanged.
 *
 * KEYS[1] the job, KEYS[2] active
 * ARGV[1] the job's id
 * ARGV[2] the payload as read
 * ARGV[3] the payload that replaces it
 * ARGV[4] the reason of its failure; empty for none
 * Returns 1; 0 when the job has changed or is gone; 2 when it is active
 */
const REPLACE_PAYLOAD_UNLESS_ACTIVE = `
if redis.call('LPOS', KEYS[2], ARGV[1]) then return 2 end
if redis.call('HGET', KEYS[1], 'data') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'data', ARGV[3])
redis.call('HDEL', KEYS[1], 'stacktrace')
if ARGV[4] ~= '' then redis.call('HSET', KEYS[1], 'failedReason', ARGV[4]) end
return 1`;

const REPLACE_OUTCOMES = ['gone', 'replaced', 'active'] as const;

/**
 * Replaces the payload and the reason of the failure, and removes the stacks of failures. Nothing changes when the job is `gone`, has changed,
 * or is `active`.
 * @param failure null to leave the reason
 */
export async function replacePayloadUnlessActive(
  queue: Queue,
  connection: Redis,
  id: string,
  payload: { readonly from: string; readonly to: string },
  failure: string | null,
): Promise<(typeof REPLACE_OUTCOMES)[number]> {
  const keys = [jobKey(queue, id), queue.toKey('active')];
  const args = [id, payload.from, payload.to, failure ?? ''];
  const reply = await runScript(connection, REPLACE_PAYLOAD_UNLESS_ACTIVE, keys, args);
  return REPLACE_OUTCOMES[reply as number] ?? 'gone';
}

const EVENTS_AT_ONCE = 1000;

/** Removes the failure events of jobs from the stream of events. */
export async function deleteFailureEvents(queue: Queue, connection: Redis, jobs: ReadonlySet<string>): Promise<void> {
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

/** Forgets how often a job stalled. BullMQ's retry keeps this count, so the next death of a worker would exceed the limit. */
export async function resetStallCount(queue: Queue, id: string): Promise<void> {
  await (await queue.getBackend().client).hdel(jobKey(queue, id), 'stc');
}

/** The number of delayed jobs that are read: those that are due next. */
const DELAYED_READ = 200;

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

/** When the oldest job that waits was added, in milliseconds since 1970; null for none. Reads no payloads. */
export async function readOldestWaiting(queue: Queue, connection: Redis): Promise<number | null> {
  const keys = ['wait', 'prioritized', 'delayed'].map((set) => queue.toKey(set));
  const time = await runScript(connection, OLDEST_WAITING, keys, [jobKeyPrefix(queue), DELAYED_READ]);
  return time === null ? null : Number(time);
}

/**
 * KEYS[1] failed, KEYS[2] delayed, KEYS[3] wait, KEYS[4] active
 * ARGV[1] what the keys of jobs begin with
 * ARGV[2] how many jobs of each state are read
 * Returns for each job with a reason or a progress: its state, when it was added, when its last attempt began, its reason, its progress and the
 * name of its last error
 */
const LATEST_ATTEMPTS = `
local rows = {}
${LAST_ERROR}
local function read(state, ids)
  for _, id in ipairs(ids) do
    local job = redis.call('HMGET', ARGV[1] .. id, 'timestamp', 'processedOn', 'failedReason', 'progress', 'stacktrace')
    if job[3] or job[4] then
      table.insert(rows, { state, job[1] or '0', job[2] or '0', job[3] or '', job[4] or '', last_error(job[5]) })
    end
  end
end
read('failed', redis.call('ZREVRANGE', KEYS[1], 0, ARGV[2] - 1))
read('delayed', redis.call('ZREVRANGE', KEYS[2], 0, ARGV[2] - 1))
read('wait', redis.call('LRANGE', KEYS[3], -ARGV[2], -1))
read('active', redis.call('LRANGE', KEYS[4], -ARGV[2], -1))
return rows`;

export interface LatestAttempt {
  /** `failed` for a dead letter. */
  readonly state: string;
  /** Milliseconds since 1970. */
  readonly addedAt: number;
  /** When the attempt began, in milliseconds since 1970; 0 for none. */
  readonly startedAt: number;
  readonly failedReason: string;
  /** Parsed. */
  readonly progress: unknown;
  /** The name of the last error; null for none. */
  readonly error: string | null;
}

/**
 * The last attempt of the latest jobs that failed, or that wait or run with a reason or a progress. A job that waits for a store is at the head
 * of the queue, or is being tried. Reads no payloads.
 * @param most jobs of each state
 */
export async function readLatestAttempts(queue: Queue, connection: Redis, most: number): Promise<LatestAttempt[]> {
  const keys = ['failed', 'delayed', 'wait', 'active'].map((set) => queue.toKey(set));
  const rows = (await runScript(connection, LATEST_ATTEMPTS, keys, [jobKeyPrefix(queue), most])) as string[][];
  return rows.map(([state = '', addedAt, startedAt, failedReason = '', progress = '', error]) => ({
    ...{ state, addedAt: Number(addedAt), startedAt: Number(startedAt), failedReason, error: error || null },
    progress: parseJson(progress) ?? 0,
  }));
}

/**
 * KEYS[1] completed, KEYS[2] failed
 * ARGV[1] what the keys of jobs begin with
 * ARGV[2] how many minutes, with the present one
 * ARGV[3] how many jobs of a minute are measured
 * ARGV[4] the name of the jobs that are measured
 * Returns the begin of the present minute in milliseconds since 1970, and for each minute, oldest first: how many jobs completed, how many
 * failed, and the milliseconds that each measured job took
 */
const ENDS_BY_MINUTE = `
local now = tonumber(redis.call('TIME')[1]) * 1000
local last = now - now % 60000
local function text(time) return string.format('%.0f', time) end
local function took(id)
  local job = redis.call('HMGET', ARGV[1] .. id, 'name', 'timestamp', 'finishedOn')
  local queued, ended = tonumber(job[2] or ''), tonumber(job[3] or '')
  if job[1] == ARGV[4] and queued and ended and ended >= queued then return ended - queued end
end
local minutes = {}
for back = ARGV[2] - 1, 0, -1 do
  local from, to = text(last - back * 60000), '(' .. text(last - (back - 1) * 60000)
  local times = {}
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], from, to, 'LIMIT', 0, ARGV[3])) do
    local ms = took(id)
    if ms then table.insert(times, ms) end
  end
  table.insert(minutes, { redis.call('ZCOUNT', KEYS[1], from, to), redis.call('ZCOUNT', KEYS[2], from, to), times })
end
return { text(last), minutes }`;

/** Numbers of ended jobs, and from a few jobs the milliseconds between being added and the end. */
export type EndsOfMinute = readonly [completed: number, failed: number, times: readonly number[]];

/** Which jobs `readEndsByMinute` measures. */
export interface MeasuredJobs {
  readonly name: string;
  readonly mostPerMinute: number;
}

/** The ends of each of the last minutes, oldest first, and the begin of the present minute by Valkey's clock. Reads no payloads. */
export async function readEndsByMinute(
  queue: Queue,
  connection: Redis,
  minutes: number,
  measured: MeasuredJobs,
): Promise<{ readonly presentMinute: number; readonly minutes: readonly EndsOfMinute[] }> {
  const keys = [queue.toKey('completed'), queue.toKey('failed')];
  const args = [jobKeyPrefix(queue), minutes, measured.mostPerMinute, measured.name];
  const [present, rows] = (await runScript(connection, ENDS_BY_MINUTE, keys, args)) as [string, EndsOfMinute[]];
  return { presentMinute: Number(present), minutes: rows };
}
