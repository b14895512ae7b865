import type { Redis } from 'ioredis';
import { SECOND } from '../time.ts';
import type { Ticks } from './ticks.ts';

/** What is known of the ticks that were, to all who keep the same schedule. */
export interface Mark {
  /** The time by a clock that all share, and the last tick that was served; null where none was ever known. */
  read(): Promise<{ readonly now: Date; readonly last: Date | null }>;
  /** Notes a tick as served, unless a later one was, and when the next one is due. */
  raise(last: Date, next: Date): Promise<void>;
}

/**
 * Serves the tick that is due, if there is any: after a downtime one for all that were missed. Anybody may do this at any time and
 * any number at once.
 *
 * The tick is served before the mark is raised, so that whoever dies in between loses nothing: the next one serves it again, which
 * must be harmless. So `serve` must do nothing for a tick that it knows.
 * @returns the tick that was served here
 */
export async function serveDue(
  ticks: Ticks,
  mark: Mark,
  serve: (tick: Date) => Promise<void>,
): Promise<Date | undefined> {
  const { now, last } = await mark.read();
  const due = ticks.latest(now);
  const isFirst = last === null;
  const isDue = !isFirst && due > last;
  if (isDue) await serve(due);
  if (isDue || isFirst) await mark.raise(due, ticks.next(now));
  return isDue ? due : undefined;
}

/** What was last noted of the schedule. */
export interface Noted {
  readonly last: Date | null;
  /** Null while the schedule is off. */
  readonly next: Date | null;
}

const key = (prefix: string) => `${prefix}:schedule`;

// Only ever upwards: who was frozen, or whose clock is behind, does not set it back.
const RAISE = `
if tonumber(redis.call('HGET', KEYS[1], 'last') or '-1') < tonumber(ARGV[1]) then
  redis.call('HSET', KEYS[1], 'last', ARGV[1], 'next', ARGV[2])
end`;

/** The mark in Valkey, whose clock is that of all. */
export function openMark(valkey: Redis, prefix: string): Mark {
  return {
    async read() {
      const [[seconds, microseconds], last] = await Promise.all([valkey.time(), valkey.hget(key(prefix), 'last')]);
      const now = Number(seconds) * SECOND + Math.floor(Number(microseconds) / 1000);
      return { now: new Date(now), last: date(last) };
    },
    async raise(last, next) {
      await valkey.eval(RAISE, 1, key(prefix), last.getTime(), next.getTime());
    },
  };
}

/** Notes when the next tick is due, as after a change of the settings; null when the schedule is off. */
export async function noteNext(valkey: Redis, prefix: string, next: Date | null): Promise<void> {
  if (next) await valkey.hset(key(prefix), 'next', next.getTime());
  else await valkey.hdel(key(prefix), 'next');
}

export async function readNoted(valkey: Redis, prefix: string): Promise<Noted> {
  const [last = null, next = null] = await valkey.hmget(key(prefix), 'last', 'next');
  return { last: date(last), next: date(next) };
}

const date = (text: string | null): Date | null => (text === null ? null : new Date(Number(text)));
