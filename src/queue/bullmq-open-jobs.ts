import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { parseJson } from '../json.ts';
import { runScript } from '../valkey/run-script.ts';

// Jobs that are not done, in the keys and fields that `bullmq-layout.ts` describes.

/** A function for scripts: the name of the last error of a job, from the field `stacktrace`; empty for none. */
export const LAST_ERROR = `
local function last_error(stacktrace)
  local isJson, traces = pcall(cjson.decode, stacktrace or '')
  if not isJson or type(traces) ~= 'table' or type(traces[#traces]) ~= 'string' then return '' end
  return string.match(traces[#traces], '^%w+') or ''
end`;

/**
 * A text may have a megabyte, so only its beginning leaves the server. The members are found as `toStoreJob` writes them: a name in quotation
 * marks cannot stand inside a text, whose quotation marks are escaped.
 *
 * KEYS[1] active, KEYS[2] prioritized, KEYS[3] wait, KEYS[4] delayed
 * ARGV[1] what the keys of jobs begin with
 * ARGV[2] how many jobs are listed
 * ARGV[3] how many bytes of a text are read
 * Returns for each job, those that run or come next first: its id, state, score, name, group, kind of task, beginning of its text as JSON, when
 * it was added, its reason, progress, counted attempts and the name of its last error
 */
const OPEN_JOBS = `
local rows, left = {}, tonumber(ARGV[2])
${LAST_ERROR}
local function member(data, name)
  local _, last = string.find(data, '"' .. name .. '":"', 1, true)
  return last and last + 1
end
local function short(data, name)
  local first = member(data, name)
  return first and string.match(data, '^[^"\\\\]*', first) or ''
end
local function add(state, id, score)
  if left == 0 then return end
  left = left - 1
  local job = redis.call('HMGET', ARGV[1] .. id, 'name', 'data', 'timestamp', 'failedReason', 'progress', 'atm', 'stacktrace')
  local data = job[2] or ''
  local first = member(data, 'content')
  table.insert(rows, { id, state, score or '', job[1] or '', short(data, 'group'), short(data, 'kind'),
    first and string.sub(data, first, first + ARGV[3] - 1) or '', job[3] or '0', job[4] or '', job[5] or '', job[6] or '0', last_error(job[7]) })
end
local function list(state, key)
  local ids = redis.call('LRANGE', key, -left, -1)
  for at = #ids, 1, -1 do add(state, ids[at]) end
end
if left > 0 then list('active', KEYS[1]) end
if left > 0 then list('waiting', KEYS[3]) end
for _, id in ipairs(redis.call('ZRANGE', KEYS[2], 0, math.max(left - 1, 0))) do add('waiting', id) end
local delayed = redis.call('ZRANGE', KEYS[4], 0, math.max(left - 1, 0), 'WITHSCORES')
for at = 1, #delayed, 2 do add('delayed', delayed[at], delayed[at + 1]) end
return rows`;

/** A job that is not done, as stored in Valkey. */
export interface OpenJob {
  readonly id: string;
  readonly state: 'active' | 'waiting' | 'delayed';
  readonly name: string;
  /** These three are empty where the payload has none. */
  readonly group: string;
  /** The kind of a task. */
  readonly kind: string;
  /** The beginning of an episode's text, as JSON writes it after the first quotation mark. */
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly addedAt: number;
  /** When a delayed job is due, in milliseconds since 1970. */
  readonly dueAt: number | null;
  readonly failedReason: string;
  /** Parsed. */
  readonly progress: unknown;
  readonly attempts: number;
  /** The name of the last error; null for none. */
  readonly error: string | null;
}

/** The jobs of a queue that are neither done nor dead letters: those that run, then those that come next. @param bytes of a text that are read */
export async function listOpenJobs(queue: Queue, connection: Redis, limit: number, bytes: number): Promise<OpenJob[]> {
  const keys = ['active', 'prioritized', 'wait', 'delayed'].map((set) => queue.toKey(set));
  const rows = (await runScript(connection, OPEN_JOBS, keys, [queue.toKey(''), limit, bytes])) as string[][];
  return rows.map((row) => {
    const [id = '', state, score = '', name = '', group = '', kind = '', text = ''] = row;
    const [addedAt, failedReason = '', progress = '', attempts, error] = row.slice(7);
    return {
      ...{ id, state: state as OpenJob['state'], name, group, kind, text, failedReason, error: error || null },
      ...{ addedAt: Number(addedAt) || 0, attempts: Number(attempts) || 0, progress: parseJson(progress) },
      // The lowest twelve bits keep the order of jobs that are due at the same time.
      dueAt: score === '' ? null : Math.floor(Number(score) / 0x1000),
    };
  });
}
