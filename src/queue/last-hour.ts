import type { Config } from '../config.ts';
import { MINUTE } from '../time.ts';
import { runScript } from '../valkey/run-script.ts';
import { STORE_QUEUE } from './jobs.ts';
import { openQueues } from './queues.ts';

/** What the queue of episodes and tasks did in a minute. */
export interface QueueMinute {
  readonly start: Date;
  /** Jobs that ended, without those that BullMQ removes at their end (`passages`, `summaries`, `expire`). */
  readonly completed: number;
  /** Jobs that became dead letters and are still there. */
  readonly failed: number;
  /** Milliseconds from the queue to the end, of up to ten episodes; null without any. */
  readonly medianMs: number | null;
  readonly slowestMs: number | null;
}

const MINUTES = 60;
const OF_EACH = 10;

/**
 * KEYS[1] completed, KEYS[2] failed
 * ARGV[1] what the keys of jobs begin with
 * ARGV[2] how many minutes, with the present one
 * ARGV[3] how many jobs of a minute are measured
 * ARGV[4] the name of the jobs that are measured
 * Returns the begin of the present minute in milliseconds since 1970, and for each minute, oldest first: how many jobs completed, how many
 * failed, and the milliseconds that each measured job took
 */
const LAST_HOUR = `
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

export interface LastHour {
  /**
   * The last hour, oldest minute first, in one command. Read from the sorted sets in which BullMQ 6.7 keeps ended jobs by the time of their
   * end, and from the times of a few jobs, so that workers do nothing for it and no payload is read.
   * @throws StoreUnreachableError, AccessRefusedError, WrongServerError
   */
  read(): Promise<QueueMinute[]>;
  close(): Promise<void>;
}

export function openLastHour(config: Config): LastHour {
  const { connection, queues, ask, close } = openQueues(config);
  const key = (name: string) => queues[STORE_QUEUE].toKey(name);
  const keys = [key('completed'), key('failed')];
  // Tasks are not measured: some of them wait on purpose.
  const args = [key(''), MINUTES, OF_EACH, STORE_QUEUE];
  return {
    async read() {
      const [last, rows] = (await ask(() => runScript(connection, LAST_HOUR, keys, args))) as [string, MinuteRow[]];
      return rows.map(([completed, failed, times], at) => {
        const took = times.toSorted((a, b) => a - b);
        return {
          start: new Date(Number(last) - (rows.length - 1 - at) * MINUTE),
          ...{ completed, failed },
          medianMs: took[Math.floor(took.length / 2)] ?? null,
          slowestMs: took.at(-1) ?? null,
        };
      });
    },
    close,
  };
}

type MinuteRow = readonly [completed: number, failed: number, times: readonly number[]];
