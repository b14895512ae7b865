import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, StoreUnreachableError } from '../errors.ts';
import { SECOND } from '../time.ts';
import { awaitReady, freePort, LOOPBACK } from './await-ready.ts';
import { type Binaries, findBinaries } from './binaries.ts';
import { configurationText, openDataFolder, PID_FILE, removeIfTemporary } from './data-folder.ts';
import { withLibraries } from './libraries.ts';
import { launch, type ServerProcess } from './process.ts';
import { isPortTaken, lastUsefulLine } from './run-program.ts';

/** Another process may take the chosen port before the server does; then another port is chosen, up to this many times. */
const ATTEMPTS = 5;

const ENDING = new Set<NodeJS.Signals>(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGABRT', 'SIGSEGV']);

/** The address of a server. */
export interface ServerAddress {
  host: string;
  port: number;
}

/** A server that we started. It answers and has loaded its data. */
export interface Server extends ServerAddress {
  /** The process id, which changes with a restart. */
  readonly pid: number;
  /** Holds `server.log`, `server.conf`, `server.pid` and the append-only file. */
  readonly dataFolder: string;
  /** Shuts the server down cleanly, and removes a temporary folder. */
  stop(): Promise<void>;
  /** Sends a signal; with one that ends the process, waits for the end (10 s at most). */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Ends the process if it runs and starts another on the same port and data. */
  restart(): Promise<void>;
}

/** How to start a server. */
export interface StartOptions {
  /** Created if missing. Default: a new temporary folder, removed when the server stops. */
  dataFolder?: string;
  /** Default 0: any free port. */
  port?: number;
  /** The process outlives ours, as for `memory-manager up`. Default: it ends when our process ends for any reason. */
  detached?: boolean;
  /** When a write is on disk: within a second, or before it is acknowledged. Default `everysec`. */
  appendfsync?: 'everysec' | 'always';
  /** The password that clients must send. Default: none. */
  password?: string;
  /** Default: the result of `findBinaries()`. */
  binaries?: Binaries;
}

type Attempt = { process: ServerProcess } | 'port taken';

/**
 * Starts one server and waits until it is ready.
 * @param name the name for error messages
 * @throws ConfigError when the asked-for port is taken or the folder is in use
 * @throws StoreUnreachableError when the server does not start, with its own reason
 * @throws ServersMissingError when there is no program to start
 */
export async function startServer(
  name: 'Valkey' | 'FalkorDB',
  { dataFolder, port: requestedPort = 0, detached = false, appendfsync = 'everysec', password, binaries }: StartOptions,
): Promise<Server> {
  const { server, module, libraryPath } = binaries ?? (await findBinaries());
  const folder = await openDataFolder(dataFolder);
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
        : `${name} cannot use port ${listenPort} of ${LOOPBACK}, because another process does; give another port or 0.`,
    );
  }

  const first = await startOn(requestedPort).catch(async (failure) => {
    await removeIfTemporary(folder);
    throw failure;
  });
  const { port } = first;
  let current = first.process;

  return {
    host: LOOPBACK,
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
