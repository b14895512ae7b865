import { hash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { MINUTE } from '../time.ts';
import { scanKeys } from '../valkey/cluster.ts';
import { groupKey, versionKey } from '../valkey/keys.ts';

/** An answer counts only with the version of its group; the time limit only clears away unused answers. */
export const CACHE_TTL_MS = 5 * MINUTE;
/** Longer answers are not worth their memory. */
const LONGEST = 1_000_000;
/** The format of cached answers; raise it with every change, so that an answer in another format is not used. */
const FORMAT = 7;

export interface CacheLookup {
  /** The group's version now. */
  readonly version: string;
  /** What was kept under the key, if it is of this version. */
  readonly answer: string | undefined;
}

/**
 * The question by which a group's briefing is kept, also by the worker that makes it ahead. The
 * format is raised with every change of a briefing's shape.
 */
export const BRIEFING_QUESTION = { ask: 'briefing', format: 3 } as const;

/** The key hashes everything that the answer depends on; questions are never stored in Valkey as text. */
export function cacheKey(valkey: Redis, group: string, question: object): string {
  return `${groupKey(valkey, 'query', group)}:${hash('sha256', `${FORMAT} ${JSON.stringify(question)}`, 'base64url')}`;
}

/** Fetches the group's version and the kept answer in one round trip. */
export async function readCached(valkey: Redis, group: string, key: string): Promise<CacheLookup> {
  const [version, kept] = await valkey.mget(versionKey(valkey, group), key);
  const now = version ?? '';
  return { version: now, answer: kept?.startsWith(`${now}\n`) ? kept.slice(now.length + 1) : undefined };
}

/**
 * KEYS[1] the group's version
 * KEYS[2] the cached answer
 * ARGV[1] the version that the answer is of
 * ARGV[2] the answer
 * ARGV[3] milliseconds until the answer expires
 * Returns nothing; does nothing when the group has another version now
 */
const STORE_ANSWER = `
if (redis.call('GET', KEYS[1]) or '') == ARGV[1] then redis.call('SET', KEYS[2], ARGV[1] .. '\\n' .. ARGV[2], 'PX', ARGV[3]) end`;

/** An answer that was worked out after a version was read. */
export interface NewCacheEntry {
  readonly version: string;
  readonly answer: string;
  /** Milliseconds. */
  readonly ttlMs: number;
}

/**
 * Keeps an answer, unless the group has changed since its version: a stale answer would be ignored, and could contain forgotten text.
 */
export async function writeCached(
  valkey: Redis,
  group: string,
  key: string,
  { version, answer, ttlMs }: NewCacheEntry,
): Promise<void> {
  const whole = Math.floor(ttlMs);
  if (answer.length > LONGEST || whole < 1) return;
  await valkey.eval(STORE_ANSWER, 2, versionKey(valkey, group), key, version, answer, whole);
}

/** Removes every kept answer of a group and gives how many there were. */
export async function clearCache(valkey: Redis, group: string): Promise<number> {
  let count = 0;
  for await (const keys of scanKeys(valkey, `${groupKey(valkey, 'query', group)}:*`))
    count += await valkey.unlink(...keys);
  return count;
}
