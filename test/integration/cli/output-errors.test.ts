import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isWorkerListening } from '../../../src/worker-socket/ask.ts';
import { serveWorkerSocket, type WorkerSocket } from '../../../src/worker-socket/serve.ts';
import { MAIN } from '../../support/command-line.ts';
import { until } from '../../support/wait.ts';

// Commands whose output cannot be written. The answers come from a worker's socket, and are longer than a pipe holds.
const ANSWER = 'Harbor uses Valkey 8.\n'.repeat(200_000);
/** Opens the stream, which makes a pipe one that does not block. */
const NON_BLOCKING = `--import=data:text/javascript,${encodeURIComponent('process.stdout')}`;

let home: string;
let worker: WorkerSocket;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'memory-output-'));
  worker = serveWorkerSocket(home, { query: async () => ({ answer: ANSWER }) });
  await until('a socket', () => isWorkerListening(home));
});
afterAll(() => {
  worker.close();
  rmSync(home, { recursive: true, force: true });
});

function start(args: readonly string[], stdout: 'pipe' | number, more: Record<string, string> = {}) {
  const { PATH = '', HOME = '' } = process.env;
  const env = { PATH, HOME, MEMORY_HOME: home, ...more };
  const child: ChildProcess = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['ignore', stdout, 'pipe'] });
  let stderr = '';
  child.stderr?.on('data', (text) => (stderr += text));
  const ended = once(child, 'close').then(([status]) => ({ status, stderr }));
  return { child, ended };
}

test.each([
  ['an answer of the worker', ['query', 'Which store?']],
  ['a help text', ['--help']],
  ['settings', ['config']],
])('%s that a full disk refuses is an error with one sentence', async (_, args) => {
  const full = openSync('/dev/full', 'w');
  const { ended } = start(args, full);

  expect(await ended).toEqual({ status: 1, stderr: 'The output cannot be written: the disk is full (ENOSPC).\n' });
  closeSync(full);
});

test.each([
  ['a pipe', {}],
  ['a pipe that does not block', { NODE_OPTIONS: NON_BLOCKING }],
])('%s whose reader leaves ends the query without an error', async (_, more) => {
  const { child, ended } = start(['query', 'Which store?'], 'pipe', more);

  const [first] = (await once(child.stdout ?? child, 'data')) as [Buffer];
  child.stdout?.destroy();

  expect(String(first)).toMatch(/^Harbor uses Valkey 8\.\n/);
  expect(await ended).toEqual({ status: 0, stderr: '' });
});

test('a pipe that does not block gets the whole answer', async () => {
  const { child, ended } = start(['query', 'Which store?'], 'pipe', { NODE_OPTIONS: NON_BLOCKING });
  let printed = '';
  child.stdout?.setEncoding('utf8').on('data', (text) => (printed += text));

  expect(await ended).toEqual({ status: 0, stderr: '' });
  expect(printed).toBe(`${ANSWER}\n`);
});
