import type { Redis } from 'ioredis';
import { SECOND } from '../time.ts';
import type { Ticks } from './ticks.ts';

/** The schedule's state, shared by all processes. */
export interface ScheduleState {
  /** The time of a shared clock, and the last served tick; null for none. */
  read(): Promise<{ readonly now: Date; readonly last: Date | null }>;
  /** Stores a tick as served, unless a later one was, and the next tick. */
  advance(last: Date, next: Date): Promise<void>;
}

/**
 * Serves the tick that is due, if any; after a downtime, one tick for all missed ones. Any number of processes may call this at any time.
 *
 * The tick is served before the state advances, so that a crash in between loses nothing: the next call serves the tick again, and `serve`
 * must ignore a tick that it has served before.
 * @returns the tick that was served here
 */
export async function runDueTicks(
  ticks: Ticks,
  state: ScheduleState,
  serve: (tick: Date) => Promise<void>,
): Promise<Date | undefined> {
  const { now, last } = await state.read();
  const due = ticks.latest(now);
  const isFirst = last === null;
  const isDue = !isFirst && due > last;
  if (isDue) await serve(due);
  if (isDue || isFirst) await state.advance(due, ticks.next(now));
  return isDue ? due : undefined;
}

/** The stored schedule. */
export interface Schedule {
  readonly last: Date | null;
  /** Null while the schedule is off. */
  readonly next: Date | null;
}

const key = (prefix: string) => `${prefix}:schedule`;

/**
 * The state only advances: a process that was frozen, or whose clock is slow, does not set it back.
 *
 * KEYS[1] the schedule, a hash
 * ARGV[1] the tick that was served, in milliseconds since 1970
 * ARGV[2] the next tick
 * Returns nothing
 */
const ADVANCE_SCHEDULE = `
if tonumber(redis.call('HGET', KEYS[1], 'last') or '-1') < tonumber(ARGV[1]) then
  redis.call('HSET', KEYS[1], 'last', ARGV[1], 'next', ARGV[2])
end`;

/** The state in Valkey, whose clock all processes share. */
export function openScheduleState(valkey: Redis, prefix: string): ScheduleState {
  return {
    async read() {
      const [[seconds, microseconds], last] = await Promise.all([valkey.time(), valkey.hget(key(prefix), 'last')]);
      const now = Number(seconds) * SECOND + Math.floor(Number(microseconds) / 1000);
      return { now: new Date(now), last: date(last) };
    },
    async advance(last, next) {
      await valkey.eval(ADVANCE_SCHEDULE, 1, key(prefix), last.getTime(), next.getTime());
    },
  };
}

/** Stores the next tick, as after a change of settings; null when the schedule is off. */
export async function storeNextTick(valkey: Redis, prefix: string, next: Date | null): Promise<void> {
  if (next) await valkey.hset(key(prefix), 'next', next.getTime());
  else await valkey.hdel(key(prefix), 'next');
}

export async function readSchedule(valkey: Redis, prefix: string): Promise<Schedule> {
  const [last = null, next = null] = await valkey.hmget(key(prefix), 'last', 'next');
  return { last: date(last), next: date(next) };
}

const date = (text: string | null): Date | null => (text === null ? null : new Date(Number(text)));
