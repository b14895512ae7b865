import type { Redis } from 'ioredis';
import { SECOND } from '../time.ts';
import type { Mark } from './due.ts';

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
