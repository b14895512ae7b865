import { spawn } from 'node:child_process';

/** Starts this program once more, apart from the host, to hand in what waits on disk. Never throws and waits for nothing. */
export function drainApart(environment: Readonly<Record<string, string | undefined>>): void {
  try {
    const args = [...process.execArgv, process.argv[1] ?? '', 'hook', 'drain'];
    const child = spawn(process.execPath, args, { detached: true, stdio: 'ignore', env: environment, cwd: '/' });
    child.on('error', () => {});
    child.unref();
  } catch {
    // The next process drains the spool.
  }
}
