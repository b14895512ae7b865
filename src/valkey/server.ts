import type { Redis } from 'ioredis';
import type { Address } from '../config.ts';
import { SECOND } from '../time.ts';
import { established, impatientConnection } from './connections.ts';
import { explainStore, type Store } from './failures.ts';

/** What a server says of itself. */
export interface ServerFacts {
  readonly product: 'Valkey' | 'Redis';
  readonly version: string;
  /** As FalkorDB writes it, such as `4.16.3`; undefined where the module is not loaded. */
  readonly falkordb: string | undefined;
  /** Undefined where the server forbids CONFIG, as managed ones do. */
  readonly evictionPolicy: string | undefined;
  readonly appendOnly: boolean | undefined;
  /** Such a server takes no writes. */
  readonly isReplica: boolean;
  /** What FalkorDB does to long queries and answers; undefined where the module is not loaded. */
  readonly limits: QueryLimits | undefined;
  /** Milliseconds that its clock is ahead of ours. */
  readonly ahead: number;
}

/** What FalkorDB does to a query that its own settings find too long; undefined where nobody may ask. */
export interface QueryLimits {
  /** Rows that a query gives at most, the rest being left out without a word; -1 for all. */
  readonly rows: number | undefined;
  /** Milliseconds; 0 for none. */
  readonly timeout: number | undefined;
  readonly longestTimeout: number | undefined;
}

/**
 * Asks a server, Valkey or the one that carries FalkorDB, what it is.
 * @param now our clock, in milliseconds since 1970
 * @throws StoreUnreachableError, AccessRefusedError, WrongServerError
 */
export async function readServer(store: Store, address: Address, now: () => number = Date.now): Promise<ServerFacts> {
  const connection = impatientConnection(address);
  try {
    await established(connection, address).catch((error: Error) => {
      throw store === 'Valkey' ? error : explainStore(error.cause, store, address);
    });
    const [about, settings, ahead] = [
      await connection.info(),
      await readSettings(connection),
      await clockAhead(connection, now),
    ];
    const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(about)?.[1];
    const valkey = field('valkey_version');
    const falkordb = moduleVersion(about);
    return {
      product: valkey === undefined ? 'Redis' : 'Valkey',
      version: valkey ?? field('redis_version') ?? '0',
      falkordb,
      isReplica: field('role') === 'slave',
      limits: falkordb === undefined ? undefined : await readQueryLimits(connection),
      ahead,
      ...settings,
    };
  } catch (error) {
    throw explainStore(error, store, address);
  } finally {
    connection.disconnect();
  }
}

async function readSettings(connection: Redis): Promise<Pick<ServerFacts, 'evictionPolicy' | 'appendOnly'>> {
  try {
    const [policy, appendOnly] = await Promise.all(
      ['maxmemory-policy', 'appendonly'].map(async (name) => {
        const [, value] = (await connection.config('GET', name)) as string[];
        return value;
      }),
    );
    return { evictionPolicy: policy, appendOnly: appendOnly === undefined ? undefined : appendOnly === 'yes' };
  } catch (error) {
    if (!FORBIDDEN.test((error as Error).message)) throw error;
    return { evictionPolicy: undefined, appendOnly: undefined };
  }
}

const FORBIDDEN = /NOPERM|unknown command|not allowed|disabled|permission/i;

/** Taken in the middle of the question's way there and back. */
async function clockAhead(connection: Redis, now: () => number): Promise<number> {
  const asked = now();
  const [seconds, microseconds] = await connection.time();
  const theirs = Number(seconds) * SECOND + Number(microseconds) / 1000;
  return theirs - (asked + now()) / 2;
}

/** FalkorDB tells its version as one number: 41603 for 4.16.3. */
function moduleVersion(about: string): string | undefined {
  const [, text] = /^module:name=graph,ver=(\d+)/m.exec(about) ?? [];
  if (text === undefined) return undefined;
  const version = Number(text);
  return [Math.floor(version / 10_000), Math.floor(version / 100) % 100, version % 100].join('.');
}

/** @throws the client's own errors when the connection fails */
export async function readQueryLimits(wire: Redis): Promise<QueryLimits> {
  const setting = async (name: string): Promise<number | undefined> => {
    const answer = await wire.call('GRAPH.CONFIG', 'GET', name).catch(unlessGone);
    return Array.isArray(answer) ? Number(answer[1]) : undefined;
  };
  const [rows, plain, fallback, longestTimeout] = await Promise.all(
    ['RESULTSET_SIZE', 'TIMEOUT', 'TIMEOUT_DEFAULT', 'TIMEOUT_MAX'].map(setting),
  );
  return { rows, timeout: fallback || plain, longestTimeout };
}

/** A refusal, as of a user who may not ask, is an answer too. */
export function unlessGone(error: unknown): undefined {
  if (!(error instanceof Error && error.name === 'ReplyError')) throw error;
  return undefined;
}
