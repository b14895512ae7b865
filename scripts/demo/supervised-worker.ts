import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

export interface SupervisedWorker {
  /** Process id of the worker that runs now. */
  pid(): number | undefined;
  stop(): Promise<void>;
}

/** Runs a worker as a separate process and starts another whenever it exits or is killed. */
export function superviseWorker(
  environment: NodeJS.ProcessEnv,
  onRestart: (how: string, pid: number | undefined) => void,
): SupervisedWorker {
  let stopping = false;
  let child = start();

  function start(): ChildProcess {
    const started = spawn(process.execPath, [CLI, 'worker'], {
      env: environment,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    started.stderr?.on('data', (chunk) => {
      said = `${said}${chunk}`.slice(-500);
    });
    started.once('exit', (code, signal) => {
      if (stopping) return;
      const how = signal ? `was killed (${signal})` : `ended with status ${code}: ${said.trim().split('\n').at(-1)}`;
      child = start();
      onRestart(how, child.pid);
    });
    return started;
  }

  return {
    pid: () => child.pid,
    stop: () => {
      stopping = true;
      return new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) return resolve();
        child.once('exit', () => resolve());
        child.kill('SIGTERM');
      });
    },
  };
}
