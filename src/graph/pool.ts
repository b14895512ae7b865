import type { Address } from '../config.ts';
import { StoreUnreachable } from '../errors.ts';
import { SECOND } from '../time.ts';
import { within } from '../within.ts';
import { type Connection, connect, noAnswer } from './connection.ts';
import { explainFalkorDB } from './failures.ts';

/** Runs queries on connections of its own, several at a time. */
export interface Pool {
  /**
   * Runs `work` alone on one connection, within `limit` milliseconds.
   * @throws StoreUnreachable, AccessRefused, WrongServer
   */
  use<T>(work: (connection: Connection) => Promise<T>, limit: number): Promise<T>;
  close(): void;
}

/** A connection that lay longer may be dead without our knowing (a frozen server, a forgetful router), so it is asked first. */
const FRESH = 1 * SECOND;

/**
 * A pool of at most `size` connections, each opened when first needed. A connection that failed or did not answer in time
 * is closed, since an answer that comes late would be taken for that of the next query.
 */
export function openPool(address: Address, size: number): Pool {
  const idle: { connection: Connection; since: number }[] = [];
  const waiting: (() => void)[] = [];
  let busy = 0;
  let closed = false;

  async function checkOut(): Promise<Connection> {
    while (busy >= size) await new Promise<void>((resolve) => waiting.push(resolve));
    if (closed) throw new StoreUnreachable('The connection to FalkorDB was closed.');
    busy += 1;
    try {
      return (await reuse()) ?? (await connect(address));
    } catch (error) {
      release();
      throw error;
    }
  }

  async function reuse(): Promise<Connection | undefined> {
    for (let found = idle.pop(); found; found = idle.pop()) {
      const { connection, since } = found;
      if (!connection.isOpen()) continue;
      if (Date.now() - since < FRESH) return connection;
      try {
        await connection.ping();
        return connection;
      } catch {
        // What is the matter with the server shows when a new connection is opened; the other old ones are no better.
        for (const old of [connection, ...idle.splice(0).map((it) => it.connection)]) old.close();
      }
    }
    return undefined;
  }

  function release(connection?: Connection): void {
    busy -= 1;
    if (connection) idle.push({ connection, since: Date.now() });
    waiting.shift()?.();
  }

  return {
    async use(work, limit) {
      try {
        const connection = await checkOut();
        try {
          const result = await within(limit, work(connection), noAnswer(limit));
          if (closed) connection.close();
          release(connection);
          return result;
        } catch (error) {
          if (isAnswer(error)) release(connection);
          else {
            connection.close();
            release();
          }
          throw error;
        }
      } catch (error) {
        throw explainFalkorDB(error, address);
      }
    },
    close() {
      closed = true;
      for (const { connection } of idle.splice(0)) connection.close();
      for (const wake of waiting.splice(0)) wake();
    },
  };
}

/** An error that the server sent as its answer leaves the connection sound. */
function isAnswer(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError';
}
