import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { awaitReady, freePort, LOOPBACK } from '../../src/embedded/await-ready.ts';
import { findBinaries } from '../../src/embedded/binaries.ts';
import { openDataFolder, removeIfTemporary } from '../../src/embedded/data-folder.ts';
import { withLibraries } from '../../src/embedded/libraries.ts';
import { launch } from '../../src/embedded/process.ts';
import { SECOND } from '../../src/time.ts';

/** A server with a user's own configuration. */
export interface ConfiguredServer {
  readonly host: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts a server with only an address and the given configuration lines. */
export async function startConfigured(
  lines: readonly string[],
  { withGraphs = false, password }: { withGraphs?: boolean; password?: string } = {},
): Promise<ConfiguredServer> {
  const { server, module, libraryPath } = await findBinaries();
  const [folder, port] = [await openDataFolder(undefined), await freePort()];
  const at = (name: string) => join(folder.path, name);
  const files = { configurationFile: at('server.conf'), logFile: at('server.log'), pidFile: at('server.pid') };
  const own = [
    `bind ${LOOPBACK}`,
    `port ${port}`,
    `dir ${folder.path}`,
    ...(withGraphs ? [`loadmodule ${module}`] : []),
  ];
  await writeFile(files.configurationFile, `${[...own, ...lines].join('\n')}\n`);
  const temporaryFolder = folder.path;
  const env = withLibraries(process.env, libraryPath);
  const started = await launch({ server, ...files, env, detached: false, temporaryFolder });
  const ready = await awaitReady(
    { pid: started.pid, port, ...(password !== undefined && { password }) },
    started.hasEnded,
  );
  if (ready !== 'ready') throw new Error(`the server did not start: ${await readFile(files.logFile, 'utf8')}`);
  return {
    host: LOOPBACK,
    port,
    async stop() {
      started.signal('SIGKILL');
      await started.ended(5 * SECOND);
      await removeIfTemporary(folder);
      started.release();
    },
  };
}
