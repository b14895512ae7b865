import { randomUUID } from 'node:crypto';
import type { ChainableCommander, Redis } from 'ioredis';
import { TimedOutError } from '../errors.ts';
import { MINUTE } from '../time.ts';
import { inPipelines } from '../valkey/cluster.ts';
import { groupKey } from '../valkey/keys.ts';
import { acquireLocks, type LockResult, releaseCall, renewCall } from '../valkey/lock.ts';
import type { PubSub } from '../valkey/pub-sub.ts';
import { withTimeout } from '../with-timeout.ts';
import { type EpisodeIdentity, fromMemo } from './extract.ts';
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
  waitForResult(episode: EpisodeIdentity): Promise<MemoEntry>;
  /** Called once the result is in the memo, or the extraction failed. */
  release(group: string, uuid: string): void;
  /** Releases all locks, so that the next worker need not wait until they expire. */
  close(): Promise<void>;
}

const MAX_WAIT = 5 * MINUTE;
/** Spreads the retries of workers that wait for the same dead owner. */
const JITTER = 50;
const lockKey = (valkey: Redis, group: string, uuid: string) => `${groupKey(valkey, 'reading', group)}:${uuid}`;

/** @param ttlMs after which a dead owner's lock expires; a live owner renews it at a third of that */
export function openExtractionLocks(valkey: Redis, pubSub: PubSub, memo: Memo, ttlMs: number): ExtractionLocks {
  const owner = randomUUID();
  const renewal = openRenewal(valkey, owner, ttlMs);
  const released: string[] = [];

  async function releaseKeys(keys: readonly string[]): Promise<void> {
    const release = (calls: ChainableCommander, key: string) => calls.eval(...releaseCall(key, owner, 'read'));
    await inPipelines(valkey, keys, (key) => key, release).catch(() => {});
  }

  async function acquireKeys(keys: readonly string[]): Promise<LockResult[]> {
    // Before the answer, so that a lock released meanwhile is given back too.
    renewal.start(keys);
    const answers = await acquireLocks(valkey, keys, owner, ttlMs);
    for (const [place, key] of keys.entries()) if (!answers[place]?.isOwner) renewal.stop(key);
    return answers;
  }

  /** The lock comes before the memo: the previous owner has stored its result before it released the lock. */
  async function acquireAndLookUp(group: string, uuids: readonly string[]) {
    const keys = uuids.map((uuid) => lockKey(valkey, group, uuid));
    const [answers, memoEntries] = await Promise.all([acquireKeys(keys), memo.lookUp(group, uuids)]);
    return memoEntries.map((memoEntry, place) => ({ memoEntry, lock: answers[place] as LockResult }));
  }

  return {
    async acquire(group, uuids) {
      const attempts = await acquireAndLookUp(group, uuids);
      return attempts.map(({ memoEntry, lock }) => ({ isOwner: lock.isOwner, ...memoEntry }));
    },
    async waitForResult(episode) {
      const { group, uuid } = episode;
      const deadline = performance.now() + MAX_WAIT;
      let wakeUp = Promise.withResolvers<void>();
      const stop = await pubSub.listen(lockKey(valkey, group, uuid), () => wakeUp.resolve());
      try {
        while (performance.now() < deadline) {
          wakeUp = Promise.withResolvers();
          const [attempt] = await acquireAndLookUp(group, [uuid]);
          const { memoEntry, lock } = attempt as NonNullable<typeof attempt>;
          if (lock.isOwner || fromMemo(episode, memoEntry)) return memoEntry;
          await withTimeout(lock.expiresInMs + Math.random() * JITTER, wakeUp.promise, () => {});
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
      if (!renewal.stop(key) || released.push(key) > 1) return;
      // After the memo's writes of this turn of the event loop.
      queueMicrotask(() => void releaseKeys(released.splice(0)));
    },
    async close() {
      await releaseKeys(renewal.stopAll());
    },
  };
}

/** Renews the locks of these keys at a third of their time to live, from before they are acquired until they are released. */
function openRenewal(valkey: Redis, owner: string, ttlMs: number) {
  const held = new Set<string>();
  let timer: NodeJS.Timeout | undefined;

  function renew(): void {
    const renewOne = (calls: ChainableCommander, key: string) => calls.eval(...renewCall(key, owner, ttlMs));
    inPipelines(valkey, [...held], (key) => key, renewOne).catch(() => {});
  }

  /** False for a key that was not held. */
  function stop(key: string): boolean {
    const wasHeld = held.delete(key);
    if (held.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
    return wasHeld;
  }

  return {
    start(keys: readonly string[]): void {
      for (const key of keys) held.add(key);
      // Of an episode that was given up at closing it would keep the process alive.
      timer ??= setInterval(renew, ttlMs / 3).unref();
    },
    stop,
    /** Returns the keys that were held. */
    stopAll(): string[] {
      const keys = [...held];
      for (const key of keys) stop(key);
      return keys;
    },
  };
}
