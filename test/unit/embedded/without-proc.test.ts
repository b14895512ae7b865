import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { commandOf, processStartTime, workingFolderOf } from '../../../src/embedded/process-identity.ts';
import {
  addProcess,
  areAllRunning,
  areServersRunning,
  noProcesses,
  type RunningProcesses,
  stopProcesses,
} from '../../../src/supervisor/processes.ts';

// A machine without /proc, such as macOS: there ps is asked, and no folder of a process can be seen.
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const unlessInProc =
    <A extends unknown[], R>(work: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      if (String(args[0]).startsWith('/proc/'))
        throw Object.assign(new Error(`ENOENT: no such file or directory, open '${args[0]}'`), { code: 'ENOENT' });
      return work(...args);
    };
  return { ...real, readFile: unlessInProc(real.readFile), readlink: unlessInProc(real.readlink) };
});

let home: string;
let children: ChildProcess[];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'memory-home-'));
  children = [];
});
afterEach(async () => {
  for (const child of children) await end(child);
  rmSync(home, { recursive: true });
});

/** A process that waits, and its id. */
function started(): { child: ChildProcess; pid: number } {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1_000)'], { stdio: 'ignore' });
  children.push(child);
  if (child.pid === undefined) throw new Error('node cannot be started');
  return { child, pid: child.pid };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

async function runningOf(worker: number, valkey: number, falkordb: number): Promise<RunningProcesses> {
  const running: RunningProcesses = noProcesses();
  await addProcess(running, 'worker', worker);
  await addProcess(running, 'valkey', valkey);
  await addProcess(running, 'falkordb', falkordb);
  return running;
}

describe('the start time of a process', () => {
  test('comes from ps and does not change while the process runs', async () => {
    const { child, pid } = started();

    const start = await processStartTime(pid);

    // `Sun Nov 29 17:20:16 2026`: no boot id of /proc.
    expect(start).toMatch(/^\w{3} \w{3} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/);
    expect(await processStartTime(pid)).toBe(start);
    await end(child);
    expect(await processStartTime(pid)).toBeUndefined();
  });

  test('is the same in every locale and time zone', async () => {
    const { pid } = started();
    const start = await processStartTime(pid);

    vi.stubEnv('LC_ALL', 'de_DE.UTF-8');
    vi.stubEnv('TZ', 'Asia/Tokyo');
    try {
      expect(await processStartTime(pid)).toBe(start);
    } finally {
      vi.unstubAllEnvs();
    }
  });

  test('is undefined for a zombie process', async () => {
    // The shell becomes a program that never waits for its child.
    const parent = spawn('sh', ['-c', 'true & echo $!; exec sleep 1000'], { stdio: ['ignore', 'pipe', 'ignore'] });
    children.push(parent);
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];

    await expect.poll(() => processStartTime(Number(line.toString()))).toBeUndefined();
  });

  test('is the only detail that is visible', async () => {
    expect(await workingFolderOf(process.pid)).toBeUndefined();
    expect(await commandOf(process.pid)).toBeUndefined();
  });
});

describe('a process recorded by `up`', () => {
  test('is running while each process has the recorded start time', async () => {
    const [worker, valkey, falkordb] = [started(), started(), started()];
    const running = await runningOf(worker.pid, valkey.pid, falkordb.pid);

    expect(await areAllRunning(home, running)).toBe(true);
    expect(await areServersRunning(home, running)).toBe(true);
    await end(valkey.child);
    expect(await areAllRunning(home, running)).toBe(false);
    expect(await areServersRunning(home, running)).toBe(false);
  });

  test('is a different process with the same id when the start time differs', async () => {
    const { pid } = started();
    const running = await runningOf(pid, pid, pid);
    running.started.worker = 'Thu Jan  1 00:00:00 1970';

    expect(await areAllRunning(home, running)).toBe(false);
    expect(await areServersRunning(home, running)).toBe(true);
  });

  test('without a start time, as in records of earlier releases, is left alone', async () => {
    const { child, pid } = started();
    const running = await runningOf(pid, pid, pid);
    running.started = {};

    expect(await areAllRunning(home, running)).toBe(false);
    expect(await stopProcesses(home, running)).toBe(false);
    expect(child.exitCode).toBeNull();
    expect(child.signalCode).toBeNull();
  });

  test('is stopped, together with the worker and the servers', async () => {
    const [worker, valkey, falkordb] = [started(), started(), started()];
    const running = await runningOf(worker.pid, valkey.pid, falkordb.pid);
    // Node reports an exit later than the operating system, which `stopProcesses` asks.
    const exits = [worker, valkey, falkordb].map(({ child }) => once(child, 'exit'));

    expect(await stopProcesses(home, running)).toBe(true);

    expect((await Promise.all(exits)).map(([, signal]) => signal)).toEqual(['SIGTERM', 'SIGTERM', 'SIGTERM']);
    expect(await stopProcesses(home, running)).toBe(false);
  });
});
