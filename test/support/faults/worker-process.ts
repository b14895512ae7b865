import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { MAIN } from '../command-line.ts';
import { until } from '../wait.ts';

/** A `memory-manager worker` in a separate process. */
export interface WorkerProcess {
  readonly pid: number;
  /** The whole output. */
  output(): string;
  /** Waits until the worker takes jobs. */
  ready(): Promise<WorkerProcess>;
  /** Whether the process has ended and its whole output is read. */
  hasEnded(): boolean;
  signal(signal: NodeJS.Signals): void;
  /** `kill -9`; resolves when the process has ended. */
  kill(): Promise<void>;
  /** Stops the worker with a signal and returns its exit code and the time that it took. */
  stop(): Promise<{ readonly code: number | null; readonly took: number }>;
}

/** A busy machine may exceed the connect timeout of a starting worker, so the start is repeated. */
const STARTS = 10;
const TOO_BUSY = /(?:Valkey|FalkorDB) at \S+ does not answer; start it/;

/** @param main the command line, also of another release */
export function startWorkerProcess(environment: Record<string, string>, main = MAIN): WorkerProcess {
  const { PATH = '', HOME = '' } = process.env;
  if (process.env.FAULTS_LOGS) mkdirSync(process.env.FAULTS_LOGS, { recursive: true });
  let output = '';
  let starts = 0;
  let hasEnded = false;
  let ended: Promise<void>;
  let child = start();

  function start(): ChildProcess {
    starts += 1;
    output = '';
    hasEnded = false;
    const started = spawn(process.execPath, [main, 'worker'], {
      env: { PATH, HOME, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [started.stdout, started.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        // For debugging: the output of each worker in its own file.
        if (process.env.FAULTS_LOGS) appendFileSync(join(process.env.FAULTS_LOGS, `${started.pid}.log`), text);
      });
    // 'close' instead of 'exit': after 'exit' a pipe may still hold the last output.
    ended = new Promise((resolve) => {
      started.once('close', () => {
        hasEnded = true;
        resolve();
      });
    });
    return started;
  }
  const worker: WorkerProcess = {
    get pid() {
      return child.pid ?? 0;
    },
    output: () => output,
    async ready() {
      await until('the worker that takes jobs', () => {
        if (hasEnded && TOO_BUSY.test(output) && starts < STARTS) child = start();
        if (hasEnded) throw new Error(`The worker ended before it was ready: ${output}`);
        return /\bready\b/.test(output);
      });
      return worker;
    },
    hasEnded: () => hasEnded,
    signal: (signal) => void child.kill(signal),
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    async stop() {
      const began = Date.now();
      child.kill('SIGTERM');
      await ended;
      return { code: child.exitCode, took: Date.now() - began };
    },
  };
  return worker;
}
