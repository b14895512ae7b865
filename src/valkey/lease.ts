import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { TimedOutError } from '../errors.ts';
import { MINUTE } from '../time.ts';
import { withTimeout } from '../with-timeout.ts';
import { groupKey } from './keys.ts';
import { acquireFencedLock, releaseCall, renewCall } from './lock.ts';
import { openPubSub, type PubSub } from './pub-sub.ts';

/** The right to change a group's graph, held by one worker at a time. */
export interface Lease {
  /** Higher than the fence of every earlier lease; the graph refuses a lower one. */
  readonly fence: number;
  /** False once the lease was not renewed in time, as after a freeze. Another worker may hold it, so nothing may be written. */
  isHeld(): boolean;
  release(): Promise<void>;
}

/** Options of a wait that may be cancelled. */
export interface LeaseWait {
  /** Called once, when another worker holds the lease, before the wait begins. */
  readonly onWait: () => Promise<void>;
  /** Ends the waiting. */
  readonly until: AbortSignal;
}

/** The leases of all groups, as one process sees them. */
export interface Leases {
  /** The messages that waits use, for other modules to share. */
  readonly pubSub: PubSub;
  /** Waits for the group's lease and keeps it alive until it is released. @throws TimedOutError after five minutes */
  take(group: string): Promise<Lease>;
  /** The same; undefined when the wait was cancelled first. */
  takeUnless(group: string, wait: LeaseWait): Promise<Lease | undefined>;
  close(): void;
}

// A commit with a model call may take minutes, and a waiting worker holds an extraction that was paid for.
const MAX_WAIT = 5 * MINUTE;
/** Spreads the retries of workers that wait for the same dead holder. */
const JITTER = 50;
/** Milliseconds in which this process does not take a lease again that other processes wait for, so that they get it. */
const RELEASE_PAUSE = 5;

/**
 * A waiting worker does not poll: the release is published. Only if no message comes, since the holder died, the worker asks again when
 * the lease expires.
 * @param ttlMs milliseconds after which a dead holder loses the lease; it is renewed at a third of that
 */
export function openLeases(valkey: Redis, ttlMs: number): Leases {
  const pubSub = openPubSub(valkey);
  const localQueues = openLocalQueues();

  async function take(group: string, wait?: LeaseWait): Promise<Lease | undefined> {
    const deadline = performance.now() + MAX_WAIT;
    const turn = await localQueues.next(group, MAX_WAIT);
    const holder = randomUUID();
    const keys = { lock: groupKey(valkey, 'lease', group), fence: groupKey(valkey, 'fence', group) };
    let released = Promise.withResolvers<void>();
    const wake = () => released.resolve();
    let stop: (() => void) | undefined;
    wait?.until.addEventListener('abort', wake);
    try {
      while (!wait?.until.aborted) {
        released = Promise.withResolvers();
        const asked = performance.now();
        const answer = await acquireFencedLock(valkey, keys, holder, ttlMs);
        if ('fence' in answer) return openLease(group, holder, answer.fence, asked, turn);
        if (stop) {
          const lapses = Math.max(answer.expiresInMs, JITTER) + Math.random() * JITTER;
          await withTimeout(Math.min(lapses, deadline - performance.now()), released.promise, () => {});
        } else {
          // The loop asks again: the lease may have been released before we subscribed.
          stop = await pubSub.listen(keys.lock, wake);
          await wait?.onWait();
        }
        if (performance.now() >= deadline) throw leaseTimeout(group);
      }
    } catch (error) {
      turn.end();
      throw error;
    } finally {
      stop?.();
      wait?.until.removeEventListener('abort', wake);
    }
    turn.end();
    return undefined;
  }

  function openLease(group: string, holder: string, fence: number, asked: number, turn: LocalTurn): Lease {
    const key = groupKey(valkey, 'lease', group);
    // By this process' clock, from before each call, so that it never ends later than Valkey's expiry.
    let heldUntil = asked + ttlMs;
    const renewal = setInterval(async () => {
      const began = performance.now();
      const isRenewed = await valkey.eval(...renewCall(key, holder, ttlMs)).catch(() => undefined);
      if (isRenewed === 1) heldUntil = began + ttlMs;
      else if (isRenewed === 0) heldUntil = 0;
    }, ttlMs / 3);
    // Of a commit that was given up at closing it would keep the process alive.
    renewal.unref();
    return {
      fence,
      isHeld: () => performance.now() < heldUntil,
      async release() {
        clearInterval(renewal);
        heldUntil = 0;
        const listeners = await valkey.eval(...releaseCall(key, holder, 'released')).catch(() => 0);
        // In a cluster only the listeners at the lock's node are counted.
        if (listeners === 0 && !valkey.isCluster) turn.end();
        else setTimeout(turn.end, RELEASE_PAUSE);
      },
    };
  }

  return {
    pubSub,
    take: async (group) => (await take(group)) as Lease,
    takeUnless: take,
    close: pubSub.close,
  };
}

function leaseTimeout(group: string): TimedOutError {
  return new TimedOutError(
    `Another worker has been changing the memory "${group}" for five minutes; this episode is tried again.`,
  );
}

interface LocalTurn {
  end(): void;
}

/** Requests of one process for the same group's lease run one after the other. */
function openLocalQueues() {
  const last = new Map<string, Promise<void>>();
  return {
    /** @throws TimedOutError */
    async next(group: string, limit: number): Promise<LocalTurn> {
      const before = last.get(group);
      const { promise, resolve } = Promise.withResolvers<void>();
      const mine = Promise.all([before, promise]).then(() => {
        if (last.get(group) === mine) last.delete(group);
      });
      last.set(group, mine);
      const isOver = before?.then(() => true as const);
      if (isOver && !(await withTimeout(limit, isOver, () => false as const))) {
        resolve();
        throw leaseTimeout(group);
      }
      return { end: resolve };
    },
  };
}
