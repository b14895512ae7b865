import { join } from 'node:path';
import { type Addresses, addressesFrom } from './addresses.ts';
import { findBinaries } from './binaries.ts';
import { type Server, type StartOptions, startServer } from './server.ts';

export type { Address, Server, StartOptions } from './server.ts';

/** Both servers of one memory: those that we started, or those that the environment names. */
export type Servers =
  | { own: true; valkey: Server; falkordb: Server; stop(): Promise<void> }
  | (Addresses & { own: false; stop(): Promise<void> });

/** How to start both; their data lie in `valkey` and `falkordb` inside the data folder. */
export interface ServersOptions extends Omit<StartOptions, 'port'> {
  /** Default 0: one that is free. */
  valkeyPort?: number;
  /** Default 0: one that is free. */
  falkordbPort?: number;
  /** Default: `password` for both. */
  valkeyPassword?: string;
  falkordbPassword?: string;
  /** In place of the process's own, for the addresses. */
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
 * Starts Valkey and FalkorDB, or neither when one fails. Where FALKORDB_HOST or FALKORDB_PORT and VALKEY_HOST or
 * VALKEY_PORT are set, starts nothing and gives those addresses (`own: false`), without asking whether anyone answers.
 * @throws ConfigError, StoreUnreachable, ServersMissing as `startServer`
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
  const within = (name: string) => options.dataFolder && join(options.dataFolder, name);
  const [valkey, falkordb] = await bothOrNone(
    startValkey({
      ...shared,
      port: valkeyPort,
      password: valkeyPassword ?? options.password,
      dataFolder: within('valkey'),
    }),
    startFalkorDB({
      ...shared,
      port: falkordbPort,
      password: falkordbPassword ?? options.password,
      dataFolder: within('falkordb'),
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
