import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../../support/wait.ts';
import { allEnded, isRunning } from './processes.ts';

interface Report {
  pids: number[];
  folder: string;
}

async function runParent(fate: string, dataFolder?: string): Promise<Report & { parent: ChildProcess }> {
  const script = join(import.meta.dirname, 'parent.ts');
  const parent = spawn(process.execPath, [script, fate, ...(dataFolder ? [dataFolder] : [])], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => void parent.kill('SIGKILL'));
  const lines = createInterface({ input: parent.stdout as NodeJS.ReadableStream });
  const [line] = (await once(lines, 'line')) as [string];
  return { ...(JSON.parse(line) as Report), parent };
}

const isGone = (folder: string): Promise<boolean> => until('the end of the folder', () => !existsSync(folder));

test.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'] as const)(
  'servers end when their parent gets %s',
  async (signal) => {
    const { parent, pids, folder } = await runParent('wait');
    expect(await Promise.all(pids.map(isRunning))).toEqual([true, true]);

    parent.kill(signal);

    expect(await allEnded(pids)).toBe(true);
    expect(await isGone(folder)).toBe(true);
  },
);

test.each(['return', 'throw'])('servers end when their parent ends by a %s', async (fate) => {
  const { pids, folder } = await runParent(fate);

  expect(await allEnded(pids)).toBe(true);
  expect(await isGone(folder)).toBe(true);
});

test('detached servers outlive their parent and write to a log', async () => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'embedded-test-'));
  onTestFinished(() => rm(dataFolder, { recursive: true, force: true }));
  const { parent, pids, folder } = await runParent('leave them', dataFolder);
  onTestFinished(async () => {
    for (const pid of pids) process.kill(pid, 'SIGTERM');
    await allEnded(pids);
  });

  if (parent.exitCode === null) await once(parent, 'exit');

  expect(await Promise.all(pids.map(isRunning))).toEqual([true, true]);
  expect(existsSync(join(folder, 'server.log'))).toBe(true);
});
