import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, StoreUnreachableError } from '../errors.ts';
import { SECOND } from '../time.ts';
import { awaitReady, freePort, HOST } from './await-ready.ts';
import { type Binaries, findBinaries } from './binaries.ts';
import { configurationText, openFolder, PID_FILE, removeIfTemporary } from './data-folder.ts';
import { withLibraries } from './libraries.ts';
import { launch, type ServerProcess } from './process.ts';
import { isPortTaken, lastUsefulLine } from './run-program.ts';

/** Between choosing a free port and taking it, another process may take it: so often another one is chosen. */
const ATTEMPTS = 5;

const ENDING = new Set<NodeJS.Signals>(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGABRT', 'SIGSEGV']);

/** Where a server answers. */
export interface ServerAddress {
  host: string;
  port: number;
}

/** A server that we started; it answers and has its data in memory. */
export interface Server extends ServerAddress {
  /** The process id; another one after a restart. */
  readonly pid: number;
  /** Holds `server.log`, `server.conf`, `server.pid` and the append-only file. */
  readonly dataFolder: string;
  /** Shuts the server down in order and removes its folder if that is a temporary one. */
  stop(): Promise<void>;
  /** Sends a signal; with one that ends the process, waits for the end (10 s at most). */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Ends the process if it runs and starts another on the same port and data. */
  restart(): Promise<void>;
}

/** How to start a server. */
export interface StartOptions {
  /** Made if it is not there. Default: a fresh temporary folder, removed at the stop. */
  dataFolder?: string;
  /** Default 0: one that is free. */
  port?: number;
  /** The process outlives ours, as for `memory-manager up`. Default: it ends with ours, however ours ends. */
  detached?: boolean;
  /** When a write is on disk: within a second, or before it is answered. Default `everysec`. */
  appendfsync?: 'everysec' | 'always';
  /** Clients must give it. Default: none. */
  password?: string;
  /** Default: the result of `findBinaries()`. */
  binaries?: Binaries;
}

type Attempt = { process: ServerProcess } | 'port taken';

/**
 * Starts one server and waits until it is ready.
 * @param name as it stands in failures
 * @throws ConfigError when the asked-for port is taken or the folder is in use
 * @throws StoreUnreachableError when the server does not start, with its own reason
 * @throws ServersMissingError when there is no program to start
 */
export async function startServer(
  name: 'Valkey' | 'FalkorDB',
  { dataFolder, port: requestedPort = 0, detached = false, appendfsync = 'everysec', password, binaries }: StartOptions,
): Promise<Server> {
  const { server, module, libraryPath } = binaries ?? (await findBinaries());
  const folder = await openFolder(dataFolder);
  const configurationFile = join(folder.path, 'server.conf');
  const logFile = join(folder.path, 'server.log');

  async function attempt(port: number): Promise<Attempt> {
    const loaded = name === 'FalkorDB' ? { module } : {};
    const text = configurationText({ port, dataFolder: folder.path, appendfsync, password, ...loaded });
    await writeFile(configurationFile, text, { mode: 0o600 });
    const before = await stat(logFile).then(
      ({ size }) => size,
      () => 0,
    );
    const temporaryFolder = folder.isTemporary && !detached ? folder.path : undefined;
    const env = withLibraries(process.env, libraryPath);
    const pidFile = join(folder.path, PID_FILE);
    const launched = await launch({ server, configurationFile, logFile, pidFile, env, detached, temporaryFolder });
    const start = await awaitReady({ pid: launched.pid, port, password }, launched.hasEnded);
    if (start === 'ready') return { process: launched };

    launched.signal('SIGKILL');
    await launched.ended(5 * SECOND);
    launched.release();
    const output = (await readFile(logFile)).subarray(before).toString();
    if (start === 'ended' && isPortTaken(output)) return 'port taken';
    const reason = start === 'silent' ? 'it did not answer in time; its last words were' : 'it said';
    throw new StoreUnreachableError(`${name} did not start (${server}): ${reason} "${lastUsefulLine(output)}".`);
  }

  async function startOn(listenPort: number): Promise<{ process: ServerProcess; port: number }> {
    for (let count = 0; count < (listenPort === 0 ? ATTEMPTS : 1); count++) {
      const port = listenPort || (await freePort());
      const result = await attempt(port);
      if (result !== 'port taken') return { process: result.process, port };
    }
    throw new ConfigError(
      listenPort === 0
        ? `${name} found no free port in ${ATTEMPTS} attempts.`
        : `${name} cannot use port ${listenPort} of ${HOST}, because another process does; give another port or 0.`,
    );
  }

  const first = await startOn(requestedPort).catch(async (failure) => {
    await removeIfTemporary(folder);
    throw failure;
  });
  const { port } = first;
  let current = first.process;

  return {
    host: HOST,
    port,
    dataFolder: folder.path,
    get pid() {
      return current.pid;
    },
    async stop() {
      await current.end();
      await removeIfTemporary(folder);
      current.release();
    },
    async kill(signal) {
      current.signal(signal);
      if (ENDING.has(signal)) await current.ended(10 * SECOND);
    },
    async restart() {
      await current.end();
      current.release();
      current = (await startOn(port)).process;
    },
  };
}
