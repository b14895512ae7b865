import type { Redis } from 'ioredis';
import type { Address } from '../config.ts';
import { WrongServerError } from '../errors.ts';
import { SECOND } from '../time.ts';
import { primariesOf } from './cluster.ts';
import { ensureConnected, failFastConnection } from './connections.ts';
import { clusterNodeSentence, explainStore, type StoreKind } from './failures.ts';

/** A server's product, version and settings. */
export interface ServerInfo {
  readonly product: 'Valkey' | 'Redis';
  readonly version: string;
  /** FalkorDB's version, such as `4.16.3`; undefined if the module is not loaded. */
  readonly falkordb: string | undefined;
  /** Undefined where the server forbids CONFIG, as managed ones do. */
  readonly evictionPolicy: string | undefined;
  readonly appendOnly: boolean | undefined;
  readonly mode: 'standalone' | 'sentinel' | 'cluster';
  /** Such a server takes no writes. */
  readonly isReplica: boolean;
  /** How many replicas are connected and have their first copy. */
  readonly replicas: number;
  /** FalkorDB's limits for queries; undefined if the module is not loaded. */
  readonly limits: QueryLimits | undefined;
  /** Milliseconds by which the server's clock is ahead of ours. */
  readonly ahead: number;
}

/** FalkorDB's own limits for queries; undefined where its user may not read them. */
export interface QueryLimits {
  /** Maximum rows of an answer; FalkorDB leaves out the rest silently. -1 for all. */
  readonly rows: number | undefined;
  /** Milliseconds; 0 for none. */
  readonly timeout: number | undefined;
  readonly longestTimeout: number | undefined;
}

/**
 * Asks the primaries of a store, Valkey or FalkorDB, for their product, version and settings.
 * @param now our clock, in milliseconds since 1970
 * @throws StoreUnreachableError, AccessRefusedError, WrongServerError also for a cluster where the settings name none
 */
export async function readServers(
  store: StoreKind,
  address: Address,
  now: () => number = Date.now,
): Promise<readonly ServerInfo[]> {
  const connection = failFastConnection(address);
  try {
    await ensureConnected(connection, address).catch((error: Error) => {
      throw store === 'Valkey' ? error : explainStore(error.cause, store, address);
    });
    const servers = await Promise.all((await primariesOf(connection)).map((node) => readServer(node, now)));
    if (!connection.isCluster && servers.some(({ mode }) => mode === 'cluster'))
      throw new WrongServerError(clusterNodeSentence(store, address));
    return servers;
  } catch (error) {
    throw explainStore(error, store, address);
  } finally {
    connection.disconnect();
  }
}

async function readServer(connection: Redis, now: () => number): Promise<ServerInfo> {
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
    mode: (field('server_mode') ?? field('redis_mode') ?? 'standalone') as ServerInfo['mode'],
    isReplica: field('role') === 'slave',
    replicas: about.match(/^slave\d+:.*state=online/gm)?.length ?? 0,
    limits: falkordb === undefined ? undefined : await readQueryLimits(connection),
    ahead,
    ...settings,
  };
}

async function readSettings(connection: Redis): Promise<Pick<ServerInfo, 'evictionPolicy' | 'appendOnly'>> {
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

/** The server's time is taken to be that in the middle of the round trip. */
async function clockAhead(connection: Redis, now: () => number): Promise<number> {
  const asked = now();
  const [seconds, microseconds] = await connection.time();
  const theirs = Number(seconds) * SECOND + Number(microseconds) / 1000;
  return theirs - (asked + now()) / 2;
}

/** FalkorDB reports its version as one number: 41603 for 4.16.3. */
function moduleVersion(about: string): string | undefined {
  const [, text] = /^module:name=graph,ver=(\d+)/m.exec(about) ?? [];
  if (text === undefined) return undefined;
  const version = Number(text);
  return [Math.floor(version / 10_000), Math.floor(version / 100) % 100, version % 100].join('.');
}

/** @throws the client's own errors when the connection fails */
export async function readQueryLimits(wire: Redis): Promise<QueryLimits> {
  const setting = async (name: string): Promise<number | undefined> => {
    const answer = await wire.call('GRAPH.CONFIG', 'GET', name).catch(ignoreReplyError);
    return Array.isArray(answer) ? Number(answer[1]) : undefined;
  };
  const [rows, plain, fallback, longestTimeout] = await Promise.all(
    ['RESULTSET_SIZE', 'TIMEOUT', 'TIMEOUT_DEFAULT', 'TIMEOUT_MAX'].map(setting),
  );
  return { rows, timeout: fallback || plain, longestTimeout };
}

/** A refusal, such as for a missing right, is an answer too. */
export function ignoreReplyError(error: unknown): undefined {
  if (!(error instanceof Error && error.name === 'ReplyError')) throw error;
  return undefined;
}
