import type { Graph } from 'falkordb';
import type { Address } from '../config.ts';
import { StoreUnreachable } from '../errors.ts';
import { SECOND } from '../time.ts';
import { type Connection, connect } from './connection.ts';
import { explainFalkorDB } from './failures.ts';

/** Runs queries on connections of its own, several at a time. */
export interface Pool {
  /**
   * Runs `work` alone on one connection, within `limit` milliseconds.
   * @throws StoreUnreachable, AccessRefused, WrongServer
   */
  use<T>(work: (graph: Graph) => Promise<T>, graphName: string, limit: number): Promise<T>;
  close(): Promise<void>;
}

/**
 * A pool of at most `size` connections, each opened when first needed. A connection that failed or did not answer in time
 * is closed, since an answer that comes late would be taken for that of the next query.
 */
export function openPool(address: Address, size: number): Pool {
  const idle: Connection[] = [];
  const waiting: (() => void)[] = [];
  let busy = 0;
  let closed = false;

  async function checkOut(): Promise<Connection> {
    while (busy >= size) await new Promise<void>((resolve) => waiting.push(resolve));
    if (closed) throw new StoreUnreachable('The connection to FalkorDB was closed.');
    busy += 1;
    try {
      for (let found = idle.pop(); found; found = idle.pop()) if (found.isOpen()) return found;
      return await connect(address);
    } catch (error) {
      release();
      throw error;
    }
  }

  function release(connection?: Connection): void {
    busy -= 1;
    if (connection) idle.push(connection);
    waiting.shift()?.();
  }

  return {
    async use(work, graphName, limit) {
      try {
        const connection = await checkOut();
        try {
          const result = await within(limit, work(connection.graph(graphName)));
          if (closed) await connection.close();
          release(connection);
          return result;
        } catch (error) {
          if (isAnswer(error)) release(connection);
          else {
            await connection.close();
            release();
          }
          throw error;
        }
      } catch (error) {
        throw explainFalkorDB(error, address);
      }
    },
    async close() {
      closed = true;
      await Promise.all(idle.splice(0).map((connection) => connection.close()));
      for (const wake of waiting.splice(0)) wake();
    },
  };
}

/** An error that the server sent as its answer leaves the connection sound. */
function isAnswer(error: unknown): boolean {
  return error instanceof Error && /ErrorReply|SimpleError|BlobError/.test(error.constructor.name);
}

async function within<T>(limit: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${limit / SECOND} s`)), limit);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
