import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { TimedOut } from '../errors.ts';
import { MINUTE, SECOND } from '../time.ts';

/** The right to change a group's graph, held by one worker at a time. */
export interface Lease {
  /** Higher than that of every lease before it; the graph refuses a lower one. */
  readonly fence: number;
  release(): Promise<void>;
}

const LASTS = 15 * SECOND;
const RENEWED_EVERY = 5 * SECOND;
// A commit that has to ask a model may take minutes; whoever waits has an extraction at hand that was paid for.
const WAITS_AT_MOST = 5 * MINUTE;
const leaseKey = (group: string) => `lease:{${group}}`;
const fenceKey = (group: string) => `fence:{${group}}`;

// The number follows the server's clock, so that it goes on rising even when Valkey lost its data.
const TAKE = `
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return false end
local time = redis.call('TIME')
local fence = math.max(time[1] * 1000 + math.floor(time[2] / 1000), tonumber(redis.call('GET', KEYS[2]) or '0') + 1)
redis.call('SET', KEYS[2], string.format('%.0f', fence))
return string.format('%.0f', fence)`;
const RENEW = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0`;
const RELEASE = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`;

/**
 * Waits for the group's lease and keeps it alive until it is released. A holder that dies loses it after 15 s.
 * @throws TimedOut after five minutes
 */
export async function takeLease(valkey: Redis, group: string): Promise<Lease> {
  const holder = randomUUID();
  for (const end = Date.now() + WAITS_AT_MOST; Date.now() < end; await sleep(20 + Math.random() * 30)) {
    const fence = await valkey.eval(TAKE, 2, leaseKey(group), fenceKey(group), holder, LASTS);
    if (typeof fence === 'string') return keep(valkey, group, holder, Number(fence));
  }
  throw new TimedOut(
    `Another worker has been changing the memory "${group}" for five minutes; this episode is tried again.`,
  );
}

function keep(valkey: Redis, group: string, holder: string, fence: number): Lease {
  // A renewal that fails is no harm: the lease ends by itself and the graph refuses our number then.
  const renewal = setInterval(() => {
    valkey.eval(RENEW, 1, leaseKey(group), holder, LASTS).catch(() => {});
  }, RENEWED_EVERY);
  return {
    fence,
    async release() {
      clearInterval(renewal);
      await valkey.eval(RELEASE, 1, leaseKey(group), holder).catch(() => {});
    },
  };
}
