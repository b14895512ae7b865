import { join } from 'node:path';
import { ConfigError } from '../errors.ts';
import { LOOPBACK } from './await-ready.ts';
import { findBinaries } from './binaries.ts';
import { type Server, type ServerAddress, type StartOptions, startServer } from './server.ts';

const FALKORDB_PORT = 6379;
const VALKEY_PORT = 6380;

/** The two servers of one memory. */
export interface Addresses {
  valkey: ServerAddress;
  falkordb: ServerAddress;
}

/**
 * The servers that the environment names, by FALKORDB_HOST, FALKORDB_PORT (6379), VALKEY_HOST and VALKEY_PORT (6380);
 * undefined if it names neither. Hosts default to 127.0.0.1.
 * @throws ConfigError if it names only one of the servers, names a server by URL or nodes, or contains an invalid port
 */
export function addressesFrom(env: NodeJS.ProcessEnv): Addresses | undefined {
  const elsewhere = ['VALKEY_URL', 'VALKEY_NODES', 'FALKORDB_URL', 'FALKORDB_NODES'].find((name) => env[name]);
  if (elsewhere)
    throw new ConfigError(
      `${elsewhere} is set, but servers are started here only for VALKEY_HOST, VALKEY_PORT, FALKORDB_HOST and FALKORDB_PORT; with servers elsewhere run \`memory-manager worker\`.`,
    );
  const namesFalkorDB = Boolean(env.FALKORDB_HOST || env.FALKORDB_PORT);
  const namesValkey = Boolean(env.VALKEY_HOST || env.VALKEY_PORT);
  if (!namesFalkorDB && !namesValkey) return undefined;
  if (!namesValkey) throw halfNamed('FALKORDB', 'VALKEY');
  if (!namesFalkorDB) throw halfNamed('VALKEY', 'FALKORDB');
  return {
    valkey: { host: env.VALKEY_HOST || LOOPBACK, port: portFrom(env, 'VALKEY_PORT', VALKEY_PORT) },
    falkordb: { host: env.FALKORDB_HOST || LOOPBACK, port: portFrom(env, 'FALKORDB_PORT', FALKORDB_PORT) },
  };
}

function halfNamed(named: string, other: string): ConfigError {
  return new ConfigError(
    `${named}_HOST or ${named}_PORT is set, but neither ${other}_HOST nor ${other}_PORT: set both servers or none.`,
  );
}

function portFrom(env: NodeJS.ProcessEnv, name: string, otherwise: number): number {
  const text = env[name];
  if (!text) return otherwise;
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new ConfigError(`${name} is "${text}", which is not a port from 1 to 65535.`);
}

export type { Server, ServerAddress, StartOptions } from './server.ts';

/** Both servers of one memory: those that we started, or those that the environment names. */
export type Servers =
  | { own: true; valkey: Server; falkordb: Server; stop(): Promise<void> }
  | (Addresses & { own: false; stop(): Promise<void> });

/** How to start both. Their data is in `valkey` and `falkordb` inside the data folder. */
export interface ServersOptions extends Omit<StartOptions, 'port'> {
  /** Default 0: one that is free. */
  valkeyPort?: number;
  /** Default 0: one that is free. */
  falkordbPort?: number;
  /** Default: `password` for both. */
  valkeyPassword?: string;
  falkordbPassword?: string;
  /** The environment with the addresses. Default: that of this process. */
  env?: NodeJS.ProcessEnv;
}

/** Starts a plain Valkey. Failures as of `startServer`. */
export function startValkey(options: StartOptions = {}): Promise<Server> {
  return startServer('Valkey', options);
}

/** Starts the same program with the FalkorDB module. Failures as of `startServer`. */
export function startFalkorDB(options: StartOptions = {}): Promise<Server> {
  return startServer('FalkorDB', options);
}

/**
 * Starts Valkey and FalkorDB, or neither when one fails. If FALKORDB_HOST or FALKORDB_PORT and VALKEY_HOST or VALKEY_PORT are set, starts
 * nothing and returns those addresses (`own: false`) without contacting them.
 * @throws ConfigError, StoreUnreachableError, ServersMissingError as `startServer`
 */
export async function startServers({
  valkeyPort,
  falkordbPort,
  valkeyPassword,
  falkordbPassword,
  env = process.env,
  ...options
}: ServersOptions = {}): Promise<Servers> {
  const addresses = addressesFrom(env);
  if (addresses !== undefined) return { own: false, ...addresses, stop: async () => {} };

  const shared = { ...options, binaries: options.binaries ?? (await findBinaries()) };
  const subfolder = (name: string) => options.dataFolder && join(options.dataFolder, name);
  const [valkey, falkordb] = await bothOrNone(
    startValkey({
      ...shared,
      port: valkeyPort,
      password: valkeyPassword ?? options.password,
      dataFolder: subfolder('valkey'),
    }),
    startFalkorDB({
      ...shared,
      port: falkordbPort,
      password: falkordbPassword ?? options.password,
      dataFolder: subfolder('falkordb'),
    }),
  );
  const stop = async () => void (await Promise.all([valkey.stop(), falkordb.stop()]));
  return { own: true, valkey, falkordb, stop };
}

async function bothOrNone(...starts: [Promise<Server>, Promise<Server>]): Promise<[Server, Server]> {
  const results = await Promise.allSettled(starts);
  const failure = results.find((result) => result.status === 'rejected');
  if (failure === undefined) return Promise.all(starts);
  await Promise.all(results.map((result) => (result.status === 'fulfilled' ? result.value.stop() : undefined)));
  throw failure.reason;
}
