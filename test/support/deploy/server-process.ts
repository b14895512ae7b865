import { mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { awaitReady, freePort, LOOPBACK } from '../../../src/embedded/await-ready.ts';
import { findBinaries } from '../../../src/embedded/binaries.ts';
import { withLibraries } from '../../../src/embedded/libraries.ts';
import { launch } from '../../../src/embedded/process.ts';
import { SECOND } from '../../../src/time.ts';
import { until } from '../wait.ts';

/** One process of a deployment. */
export interface ServerProcess {
  readonly host: string;
  readonly port: number;
  /** A plain connection to this server. */
  readonly client: Redis;
  /** `kill -9`; resolves when the process has ended. */
  kill(): Promise<void>;
  /** `kill -STOP`: connections stay open, and nothing answers until `thaw`. */
  freeze(): void;
  thaw(): void;
  /** Stops the process and removes its folder. */
  stop(): Promise<void>;
}

export interface ServerOptions {
  readonly isSentinel?: boolean;
  readonly withGraphs?: boolean;
}

/** The cluster bus uses the server's port plus 10,000. */
const BUS = 10_000;
/** Another process may take a port between the choice and the start. */
const ATTEMPTS = 5;

/** Starts a server or a sentinel with these configuration lines in its own folder. It stops with the test, even if the test fails. */
export async function startProcess(
  lines: (port: number) => readonly string[],
  options: ServerOptions = {},
): Promise<ServerProcess> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const started = await startOnce(lines, options);
    if (started) return started;
  }
  throw new Error('a server of the deployment did not start');
}

/** Undefined if the process did not start. */
async function startOnce(
  lines: (port: number) => readonly string[],
  { isSentinel = false, withGraphs = false }: ServerOptions,
): Promise<ServerProcess | undefined> {
  const { server, module, libraryPath } = await findBinaries();
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'memory-deploy-')));
  const port = await choosePort();
  const at = (name: string) => join(folder, name);
  // The program becomes a sentinel if its name contains "sentinel".
  if (isSentinel) await symlink(server, at('valkey-sentinel'));
  const own = [
    `bind ${LOOPBACK}`,
    `port ${port}`,
    `dir ${folder}`,
    ...(withGraphs ? [`loadmodule ${module} CMD_INFO no`] : []),
  ];
  await writeFile(at('server.conf'), `${[...own, ...lines(port)].join('\n')}\n`);
  const started = await launch({
    server: isSentinel ? at('valkey-sentinel') : server,
    configurationFile: at('server.conf'),
    logFile: at('server.log'),
    pidFile: at('server.pid'),
    env: withLibraries(process.env, libraryPath),
    detached: false,
    temporaryFolder: folder,
  });
  const end = async () => {
    started.signal('SIGKILL');
    await started.ended(10 * SECOND);
    await rm(folder, { recursive: true, force: true });
    started.release();
  };
  const client = new Redis({ host: LOOPBACK, port, enableReadyCheck: false });
  client.on('error', () => {});
  const outcome = isSentinel
    ? await until('a sentinel that answers or has ended', async () => {
        if (started.hasEnded()) return 'ended';
        const information = await client.info('server').catch(() => '');
        return information.includes(`process_id:${started.pid}\r\n`) && 'ready';
      })
    : await awaitReady({ pid: started.pid, port }, started.hasEnded);
  if (outcome !== 'ready') {
    client.disconnect();
    await end();
    return undefined;
  }
  return {
    ...{ host: LOOPBACK, port, client },
    async kill() {
      started.signal('SIGKILL');
      await started.ended(10 * SECOND);
    },
    freeze: () => started.signal('SIGSTOP'),
    thaw: () => started.signal('SIGCONT'),
    async stop() {
      client.disconnect();
      await end();
    },
  };
}

/** A free port, whose bus port is free too. */
async function choosePort(): Promise<number> {
  for (;;) {
    const port = await freePort();
    if (port + BUS <= 65_535 && (await isFree(port + BUS))) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, LOOPBACK, () => server.close(() => resolve(true)));
  });
}
