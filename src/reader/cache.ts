import { hash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { MINUTE } from '../time.ts';
import { versionKey } from '../valkey/group-version.ts';
import { groupKey } from '../valkey/keys.ts';

/** An answer counts only with the version of its group; the time limit just clears away what nobody asks for. */
export const ANSWER_TTL = 5 * MINUTE;
/** Longer answers are not worth their memory. */
const LONGEST = 1_000_000;
/** What answers look like; to be raised with every change of that, so that none of another version is taken for one of ours. */
const FORMAT = 3;

export interface CacheLookup {
  /** The group's version now. */
  readonly version: string;
  /** What was kept under the key, if it is of this version. */
  readonly answer: string | undefined;
}

/** The question by which a group's briefing is kept, also by the worker that makes it ahead. */
export const BRIEFING = { ask: 'briefing', format: 1 } as const;

/** The key hashes everything that the answer depends on; questions are never stored in Valkey as text. */
export function answerKey(valkey: Redis, group: string, question: object): string {
  return `${groupKey(valkey, 'query', group)}:${hash('sha256', `${FORMAT} ${JSON.stringify(question)}`, 'base64url')}`;
}

/** Fetches the group's version and the kept answer in one round trip. */
export async function lookUpAnswer(valkey: Redis, group: string, key: string): Promise<CacheLookup> {
  const [version, kept] = await valkey.mget(versionKey(valkey, group), key);
  const now = version ?? '';
  return { version: now, answer: kept?.startsWith(`${now}\n`) ? kept.slice(now.length + 1) : undefined };
}

const STORE = `
if (redis.call('GET', KEYS[1]) or '') == ARGV[1] then redis.call('SET', KEYS[2], ARGV[1] .. '\\n' .. ARGV[2], 'PX', ARGV[3]) end`;

/** An answer that was worked out after a version was read. */
export interface CachedAnswer {
  readonly version: string;
  readonly answer: string;
  /** Milliseconds. */
  readonly ttlMs: number;
}

/**
 * Keeps an answer, unless the group has changed since its version: it would count no more, and what was forgotten meanwhile must
 * not stand in it.
 */
export async function storeAnswer(
  valkey: Redis,
  group: string,
  key: string,
  { version, answer, ttlMs }: CachedAnswer,
): Promise<void> {
  const whole = Math.floor(ttlMs);
  if (answer.length > LONGEST || whole < 1) return;
  await valkey.eval(STORE, 2, versionKey(valkey, group), key, version, answer, whole);
}

/** Removes every kept answer of a group and gives how many there were. */
export async function forgetAnswers(valkey: Redis, group: string): Promise<number> {
  let count = 0;
  for (let cursor = '0'; ; ) {
    const [next, keys] = await valkey.scan(cursor, 'MATCH', `${groupKey(valkey, 'query', group)}:*`, 'COUNT', 1000);
    if (keys.length > 0) count += await valkey.unlink(...keys);
    cursor = next;
    if (cursor === '0') return count;
  }
}
