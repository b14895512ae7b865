import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { processStartTime } from '../../../src/embedded/process-identity.ts';
import { withHomeLock } from '../../../src/supervisor/home-lock.ts';

async function newHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'memory-lock-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  return home;
}

const NOBODY = '4194304@no-boot:1';

test('many processes after a dead lock holder work one at a time', async () => {
  const home = await newHome();
  await symlink(NOBODY, join(home, 'up.lock'));
  // Somebody who died while removing that lock, too.
  await symlink(NOBODY, join(home, 'up.lock~'));
  let [working, most, done] = [0, 0, 0];

  await Promise.all(
    Array.from({ length: 20 }, () =>
      withHomeLock(home, async () => {
        working += 1;
        most = Math.max(most, working);
        await readdir(home);
        working -= 1;
        done += 1;
      }),
    ),
  );

  expect({ most, done }).toEqual({ most: 1, done: 20 });
  expect(await readdir(home)).toEqual([]);
});

test('a process that got the process id of a dead holder does not hold its lock', async () => {
  const home = await newHome();
  await symlink(`${process.pid}@no-boot:1`, join(home, 'up.lock'));

  expect(await withHomeLock(home, async () => 'done')).toBe('done');
});

test('a process that holds the lock for too long is named, and keeps it', async () => {
  const home = await newHome();
  const other = spawn('sleep', ['600']);
  onTestFinished(() => void other.kill('SIGKILL'));
  await once(other, 'spawn');
  const { pid = 0 } = other;
  await symlink(`${pid}@${await processStartTime(pid)}`, join(home, 'up.lock'));

  const refused = withHomeLock(home, async () => 'done', 0);

  await expect(refused).rejects.toThrow(
    `Process ${pid} (memory-manager up, down or supervise) has held the lock of ${home}`,
  );
  expect(await readdir(home)).toEqual(['up.lock']);
});

test('failed work releases the lock', async () => {
  const home = await newHome();

  await expect(withHomeLock(home, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await withHomeLock(home, async () => 'done', 0)).toBe('done');
});
