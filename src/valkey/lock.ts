import type { Redis } from 'ioredis';

/*
 * A lock is a key that holds its owner's id and expires, so that a dead owner's lock becomes free. Its key is also the channel on which
 * its release is published. Leases (`lease.ts`) and extraction locks (`ingest/extraction-lock.ts`) are such locks.
 */

/** Returned for a lock that is the owner's. */
const ACQUIRED = -1;

/** A Lua function. A lock that is held already keeps its expiry. Returns `ACQUIRED`, or in how many milliseconds another owner's lock expires. */
const ACQUIRE_FUNCTION = `
local function acquire(key, owner, ttl)
  if redis.call('SET', key, owner, 'NX', 'PX', ttl) or redis.call('GET', key) == owner then return ${ACQUIRED} end
  return math.max(redis.call('PTTL', key), 0)
end`;

/**
 * KEYS[1…n] locks
 * ARGV[1] the owner's id
 * ARGV[2] milliseconds until the locks expire
 * Returns for each lock `ACQUIRED`, or in how many milliseconds it expires
 */
const ACQUIRE_LOCKS = `${ACQUIRE_FUNCTION}
local answers = {}
for place, key in ipairs(KEYS) do answers[place] = acquire(key, ARGV[1], ARGV[2]) end
return answers`;

/**
 * An owner that asks again after a lost answer gets a new fence and the whole time. The fence follows the server's clock, so that it
 * keeps rising even when Valkey lost its data.
 *
 * KEYS[1] the lock
 * KEYS[2] the group's last fence
 * ARGV[1] the owner's id
 * ARGV[2] milliseconds until the lock expires
 * Returns the fence as a string, or as a number in how many milliseconds another owner's lock expires
 */
const ACQUIRE_FENCED_LOCK = `${ACQUIRE_FUNCTION}
local expires = acquire(KEYS[1], ARGV[1], ARGV[2])
if expires ~= ${ACQUIRED} then return expires end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
local time = redis.call('TIME')
local fence = math.max(time[1] * 1000 + math.floor(time[2] / 1000), tonumber(redis.call('GET', KEYS[2]) or '0') + 1)
redis.call('SET', KEYS[2], string.format('%.0f', fence))
return string.format('%.0f', fence)`;

/**
 * KEYS[1] the lock
 * ARGV[1] the owner's id
 * ARGV[2] milliseconds until the lock expires
 * Returns 1, or 0 when the owner no longer holds the lock
 */
const RENEW_LOCK = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0`;

/**
 * KEYS[1] the lock
 * ARGV[1] the owner's id
 * ARGV[2] the message to publish
 * Returns how many processes received the message; 0 also when the owner no longer held the lock
 */
const RELEASE_LOCK = `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
return redis.call('PUBLISH', KEYS[1], ARGV[2])`;

/** Whether a lock was acquired, and if not, in how many milliseconds its owner's time ends unless the owner renews it. */
export type LockResult = { readonly isOwner: true } | { readonly isOwner: false; readonly expiresInMs: number };

/** Acquires each lock that is free; those that the owner holds already count as acquired. */
export async function acquireLocks(
  valkey: Redis,
  keys: readonly string[],
  owner: string,
  ttlMs: number,
): Promise<LockResult[]> {
  const answers = (await valkey.eval(ACQUIRE_LOCKS, keys.length, ...keys, owner, ttlMs)) as number[];
  return answers.map((answer) => (answer === ACQUIRED ? { isOwner: true } : { isOwner: false, expiresInMs: answer }));
}

/** Acquires a lock whose owner gets a number higher than that of every owner before. */
export async function acquireFencedLock(
  valkey: Redis,
  keys: { readonly lock: string; readonly fence: string },
  owner: string,
  ttlMs: number,
): Promise<{ readonly fence: number } | { readonly expiresInMs: number }> {
  const answer = await valkey.eval(ACQUIRE_FENCED_LOCK, 2, keys.lock, keys.fence, owner, ttlMs);
  return typeof answer === 'string' ? { fence: Number(answer) } : { expiresInMs: Number(answer) };
}

/** Arguments of `eval`, of a connection or a pipeline; the answer is 1, or 0 when the owner no longer holds the lock. */
export const renewCall = (key: string, owner: string, ttlMs: number) => [RENEW_LOCK, 1, key, owner, ttlMs] as const;

/** The same; the answer is how many processes received the message. */
export const releaseCall = (key: string, owner: string, message: string) =>
  [RELEASE_LOCK, 1, key, owner, message] as const;
