import { setTimeout as sleep } from 'node:timers/promises';
import type { Address } from '../config.ts';
import { StoreUnreachableError } from '../errors.ts';
import { SECOND } from '../time.ts';
import { isDemotion } from '../valkey/open-client.ts';
import { withTimeout } from '../with-timeout.ts';
import { type GraphConnection, openGraphConnection, throwNoAnswerAfter } from './connection.ts';
import { explainFalkorDBError, isTooBusy } from './failures.ts';

/** Runs queries on a pool of connections, several at a time. */
export interface ConnectionPool {
  /**
   * Runs `work` alone on one connection, within `limit` milliseconds, the wait for a free connection included.
   * @throws StoreUnreachableError, AccessRefusedError, WrongServerError
   */
  use<T>(work: (connection: GraphConnection) => Promise<T>, limit: number): Promise<T>;
  close(): void;
}

/** A connection idle for longer may be dead unnoticed (a frozen server, a router that dropped it), so it is pinged first. */
const FRESH = 1 * SECOND;
/** A connection in constant use is checked this often, since its server may have become a replica. */
const CHECKED_EVERY = 5 * SECOND;
/** Delay of a retry when FalkorDB refuses queries because too many wait, plus up to as much jitter. */
const BUSY_PAUSE = 0.05 * SECOND;

interface Deadline {
  /** Milliseconds. */
  readonly left: () => number;
  /** Fails as after a full wait. */
  readonly late: () => never;
}

interface Pooled {
  readonly connection: GraphConnection;
  readonly used: number;
  readonly checked: number;
}

/**
 * A pool of at most `size` connections, each opened when first needed. A connection that failed or did not answer in time is closed, since a
 * late answer would be read as the answer to the next query.
 */
export function openConnectionPool(address: Address, size: number): ConnectionPool {
  let idle: Pooled[] = [];
  /** Each waiting caller takes the place of a released connection. */
  const waiting: (() => void)[] = [];
  let busy = 0;
  let closed = false;

  /** Waits until fewer than `size` connections are in use. */
  async function takePlace({ left, late }: Deadline): Promise<void> {
    if (busy < size) {
      busy += 1;
      return;
    }
    const { promise, resolve } = Promise.withResolvers<true>();
    const wake = () => resolve(true);
    waiting.push(wake);
    if (await withTimeout(left(), promise, () => false)) return;
    waiting.splice(waiting.indexOf(wake), 1);
    late();
  }

  function freePlace(): void {
    const next = waiting.shift();
    if (next) next();
    else busy -= 1;
  }

  async function checkOut(deadline: Deadline): Promise<Pooled> {
    const reused = await reuse(deadline);
    if (reused) return reused;
    const opening = openGraphConnection(address);
    const connection = await withTimeout(deadline.left(), opening, () => undefined);
    if (connection) return { connection, used: Date.now(), checked: Date.now() };
    opening.then((late) => late.close()).catch(() => {});
    return deadline.late();
  }

  async function reuse({ left }: Deadline): Promise<Pooled | undefined> {
    for (let pooled = idle.pop(); pooled; pooled = idle.pop()) {
      const { connection, used, checked } = pooled;
      if (!connection.isOpen()) continue;
      const now = Date.now();
      if (now - used < FRESH && now - checked < CHECKED_EVERY) return pooled;
      // A new connection shows the server's state; the other idle ones are discarded too.
      const isSound = await withTimeout(left(), connection.check(), () => false).catch(() => false);
      if (isSound) return { ...pooled, checked: now };
      connection.close();
      dropIdle();
    }
    return undefined;
  }

  function dropIdle(): void {
    for (const { connection } of idle) connection.close();
    idle = [];
  }

  async function once<T>(work: (connection: GraphConnection) => Promise<T>, deadline: Deadline): Promise<T> {
    await takePlace(deadline);
    try {
      if (closed) throw new StoreUnreachableError('The connection to FalkorDB was closed.');
      const pooled = await checkOut(deadline);
      const { connection } = pooled;
      let isSound = false;
      try {
        const result = await withTimeout(deadline.left(), work(connection), deadline.late);
        isSound = true;
        return result;
      } catch (error) {
        isSound = isUsable(error) && !isDemotion(error);
        // All were opened to the same server.
        if (isDemotion(error)) dropIdle();
        throw error;
      } finally {
        if (!isSound || closed) connection.close();
        else idle.push({ ...pooled, used: Date.now() });
      }
    } finally {
      freePlace();
    }
  }

  return {
    async use(work, limit) {
      const end = performance.now() + limit;
      const deadline = { left: () => end - performance.now(), late: throwNoAnswerAfter(limit) };
      for (;;) {
        try {
          return await once(work, deadline);
        } catch (error) {
          const pause = BUSY_PAUSE * (1 + Math.random());
          if (!isTooBusy(error) || deadline.left() < pause) throw explainFalkorDBError(error, address);
          await sleep(pause);
        }
      }
    },
    close() {
      closed = true;
      dropIdle();
      for (const wake of waiting.splice(0)) {
        busy += 1;
        wake();
      }
    },
  };
}

/** An error that the server sent as its answer leaves the connection sound. */
function isUsable(error: unknown): boolean {
  return error instanceof Error && (error.name === 'ReplyError' || error.name === 'RowLimitError');
}
