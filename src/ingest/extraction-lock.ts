import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { TimedOutError } from '../errors.ts';
import { MINUTE } from '../time.ts';
import { groupKey } from '../valkey/keys.ts';
import type { Signals } from '../valkey/signals.ts';
import { withTimeout } from '../with-timeout.ts';
import { fromMemo, type ReadEpisode } from './extract.ts';
import type { Memo, MemoEntry } from './memo.ts';

/** Whether this process holds an episode's extraction lock, and the episode's memo. */
export type LockAttempt = { readonly isOwner: boolean } & MemoEntry;

/**
 * Locks that let one worker extract an episode that several workers received; the others find its result in the memo. A lost
 * lock only costs a second model call.
 */
export interface ExtractionLocks {
  /** Acquires each free lock, in the round trip that also reads the memo. */
  acquire(group: string, uuids: readonly string[]): Promise<LockAttempt[]>;
  /**
   * Waits until another worker's result is in the memo, or until the lock is ours because that worker failed or died.
   * @throws TimedOutError after five minutes
   */
  waitForResult(episode: ReadEpisode): Promise<MemoEntry>;
  /** Called once the result is in the memo, or the extraction failed. */
  release(group: string, uuid: string): void;
  /** Releases all locks, so that the next worker need not wait until they expire. */
  close(): Promise<void>;
}

const MAX_WAIT = 5 * MINUTE;
/** Spreads the retries of workers that wait for the same dead owner. */
const JITTER = 50;
const lockKey = (valkey: Redis, group: string, uuid: string) => `${groupKey(valkey, 'reading', group)}:${uuid}`;

// For each key the milliseconds until the lock expires, or -1 when it is ours.
const ACQUIRE = `
local answers = {}
for place, key in ipairs(KEYS) do
  if redis.call('SET', key, ARGV[1], 'NX', 'PX', ARGV[2]) or redis.call('GET', key) == ARGV[1] then answers[place] = -1
  else answers[place] = math.max(redis.call('PTTL', key), 0) end
end
return answers`;
const RENEW = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0`;
const RELEASE = `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
return redis.call('PUBLISH', KEYS[1], 'read')`;

/** @param ttlMs after which a dead owner's lock expires; a live owner renews it at a third of that */
export function openExtractionLocks(valkey: Redis, signals: Signals, memo: Memo, ttlMs: number): ExtractionLocks {
  const owner = randomUUID();
  const held = new Set<string>();
  const released: string[] = [];
  let renewal: NodeJS.Timeout | undefined;

  function startRenewing(keys: readonly string[]): void {
    for (const key of keys) held.add(key);
    renewal ??= setInterval(renew, ttlMs / 3);
  }

  function stopRenewing(key: string): boolean {
    const wasHeld = held.delete(key);
    if (held.size === 0) {
      clearInterval(renewal);
      renewal = undefined;
    }
    return wasHeld;
  }

  function renew(): void {
    const calls = valkey.pipeline();
    for (const key of held) calls.eval(RENEW, 1, key, owner, ttlMs);
    calls.exec().catch(() => {});
  }

  async function releaseKeys(keys: readonly string[]): Promise<void> {
    const calls = valkey.pipeline();
    for (const key of keys) calls.eval(RELEASE, 1, key, owner);
    await calls.exec().catch(() => {});
  }

  async function acquireKeys(keys: readonly string[]): Promise<number[]> {
    // Before the answer, so that a lock released meanwhile is given back too.
    startRenewing(keys);
    const answers = (await valkey.eval(ACQUIRE, keys.length, ...keys, owner, ttlMs)) as number[];
    for (const [place, key] of keys.entries()) if (answers[place] !== -1) stopRenewing(key);
    return answers;
  }

  /** The lock comes before the memo: the previous owner has stored its result before it released the lock. */
  async function acquireAndLookUp(group: string, uuids: readonly string[]) {
    const keys = uuids.map((uuid) => lockKey(valkey, group, uuid));
    const [answers, memoEntries] = await Promise.all([acquireKeys(keys), memo.lookUp(group, uuids)]);
    return memoEntries.map((memoEntry, place) => ({ memoEntry, expiresInMs: answers[place] ?? 0 }));
  }

  return {
    async acquire(group, uuids) {
      const attempts = await acquireAndLookUp(group, uuids);
      return attempts.map(({ memoEntry, expiresInMs }) => ({ isOwner: expiresInMs === -1, ...memoEntry }));
    },
    async waitForResult(episode) {
      const { group, uuid } = episode;
      const deadline = performance.now() + MAX_WAIT;
      let wakeUp = Promise.withResolvers<void>();
      const stop = await signals.listen(lockKey(valkey, group, uuid), () => wakeUp.resolve());
      try {
        while (performance.now() < deadline) {
          wakeUp = Promise.withResolvers();
          const [attempt] = await acquireAndLookUp(group, [uuid]);
          const { memoEntry, expiresInMs } = attempt as NonNullable<typeof attempt>;
          if (expiresInMs === -1 || fromMemo(episode, memoEntry)) return memoEntry;
          await withTimeout(expiresInMs + Math.random() * JITTER, wakeUp.promise, () => {});
        }
      } finally {
        stop();
      }
      throw new TimedOutError(
        `Another worker has been reading an episode of the memory "${group}" for five minutes; it is tried again.`,
      );
    },
    release(group, uuid) {
      const key = lockKey(valkey, group, uuid);
      if (!stopRenewing(key) || released.push(key) > 1) return;
      // After the memo's writes of this turn of the event loop.
      queueMicrotask(() => void releaseKeys(released.splice(0)));
    },
    async close() {
      const keys = [...held];
      for (const key of keys) stopRenewing(key);
      await releaseKeys(keys);
    },
  };
}
