import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { cacheFolder } from '../../embedded/cache-folder.ts';

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs a script of this package with a newer Node: the one that a clone installs, or else the one in the cache folder.
 * The exit status of this process is that of the script. Without a newer Node it prints how to get one.
 * @param script the file that runs now, as `process.argv[1]` names it
 */
export function runWithNewerNode(script: string, args: readonly string[]): void {
  const node = newerNode(process.env);
  if (node === undefined) {
    console.error(
      `memory-manager needs Node 22.18 or newer; this is ${process.versions.node}. To install one for memory-manager alone, ` +
        `run \`npm install --prefix ${cacheFolder(process.env)} node@24\`.`,
    );
    process.exitCode = 1;
    return;
  }
  const child = spawn(node, [...process.execArgv, script, ...args], { stdio: 'inherit' });
  for (const signal of ENDING)
    process.on(signal, () => {
      // A terminal sends Ctrl-C to both processes, and a second signal would tell a worker not to wait for its jobs.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  child.once('error', (error) => {
    console.error(`${node} could not be run: ${error.message}`);
    process.exitCode = 1;
  });
  // As a shell reports a command that a signal ended.
  child.once('exit', (status, signal) => {
    process.exitCode = status ?? 128 + (signal ? constants.signals[signal] : 0);
  });
}

function newerNode(environment: NodeJS.ProcessEnv): string | undefined {
  return (
    [fromPackage(), join(cacheFolder(environment), 'node_modules', 'node')]
      .filter((folder) => folder !== undefined)
      .map((folder) => join(folder, 'bin', 'node'))
      // Otherwise this Node would start itself endlessly.
      .find((path) => existsSync(path) && realpathSync(path) !== realpathSync(process.execPath))
  );
}

/** The npm package `node`, which only development needs. */
function fromPackage(): string | undefined {
  try {
    return dirname(createRequire(import.meta.url).resolve('node/package.json'));
  } catch {
    return undefined;
  }
}
