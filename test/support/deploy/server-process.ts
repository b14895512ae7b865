import { mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { awaitReady, freePort, HOST } from '../../../src/embedded/await-ready.ts';
import { findBinaries } from '../../../src/embedded/binaries.ts';
import { withLibraries } from '../../../src/embedded/libraries.ts';
import { launch } from '../../../src/embedded/process.ts';
import { SECOND } from '../../../src/time.ts';

/** One process of a deployment. */
export interface ServerProcess {
  readonly host: string;
  readonly port: number;
  /** A plain connection to this very server. */
  readonly client: Redis;
  /** `kill -9`; resolves when it is gone. */
  kill(): Promise<void>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

export interface ServerOptions {
  readonly isSentinel?: boolean;
  readonly withGraphs?: boolean;
}

/** A cluster's bus has the port 10,000 above, so that a port may be no higher. */
const HIGHEST_PORT = 55_000;

/** Starts a server or a sentinel with these lines of configuration, in a folder of its own. It ends with the test, however that ends. */
export async function startProcess(
  lines: (port: number) => readonly string[],
  { isSentinel = false, withGraphs = false }: ServerOptions = {},
): Promise<ServerProcess> {
  const { server, module, libraryPath } = await findBinaries();
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'memory-deploy-')));
  const port = await lowPort();
  const at = (name: string) => join(folder, name);
  // The program is a sentinel when its name says so.
  if (isSentinel) await symlink(server, at('valkey-sentinel'));
  const own = [
    `bind ${HOST}`,
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
  if (!isSentinel && (await awaitReady({ pid: started.pid, port }, started.hasEnded)) !== 'ready')
    throw new Error('a server of the deployment did not start');
  const client = new Redis({ host: HOST, port, enableReadyCheck: false });
  client.on('error', () => {});
  return {
    ...{ host: HOST, port, client },
    async kill() {
      started.signal('SIGKILL');
      await started.ended(10 * SECOND);
    },
    async stop() {
      client.disconnect();
      started.signal('SIGKILL');
      await started.ended(10 * SECOND);
      await rm(folder, { recursive: true, force: true });
      started.release();
    },
  };
}

async function lowPort(): Promise<number> {
  for (;;) {
    const port = await freePort();
    if (port <= HIGHEST_PORT) return port;
  }
}
