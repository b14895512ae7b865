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
  /** Milliseconds that its clock is ahead of ours. */
  readonly ahead: number;
}

/**
 * Asks a server, Valkey or the one that carries FalkorDB, what it is.
 * @param now our clock, in milliseconds since 1970
 * @throws StoreUnreachable, AccessRefused, WrongServer
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
    return {
      product: valkey === undefined ? 'Redis' : 'Valkey',
      version: valkey ?? field('redis_version') ?? '0',
      falkordb: moduleVersion(about),
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
