import { readlink, symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { processStartTime } from '../embedded/process-identity.ts';
import { ConfigError } from '../errors.ts';
import { SECOND } from '../time.ts';

/** `up` takes at most 30 s, `down` at most 30 s; a supervisor that restarts a server with much data takes longer. */
const WAITS = 60 * SECOND;

/**
 * Runs `work` while no other `up`, `down` or restart runs on the same home.
 * @param waitMs how long to wait for another one to finish
 * @throws ConfigError naming the process that still holds the lock; the reason of `stopping`, if that aborts the waiting
 */
export async function withHomeLock<T>(
  home: string,
  work: () => Promise<T>,
  waitMs = WAITS,
  stopping?: AbortSignal,
): Promise<T> {
  const path = join(home, 'up.lock');
  for (const last = Date.now() + waitMs; ; await sleep(50)) {
    stopping?.throwIfAborted();
    const holder = await acquire(path);
    if (holder === undefined) break;
    if (Date.now() > last)
      throw new ConfigError(
        `Process ${holder} (memory-manager up, down or supervise) has held the lock of ${home} for more than ${waitMs / SECOND} s; end that process, then try again.`,
      );
  }
  try {
    return await work();
  } finally {
    await unlink(path).catch(() => {});
  }
}

/**
 * Takes the lock, or returns the id of the process that holds it. The lock is a symbolic link whose target is the holder's process id and
 * start time: creating it is atomic, and a dead holder is detected at once. A process that finds the lock of a dead holder removes it under
 * a second lock of the same kind, so that it cannot remove a lock that another process has just taken.
 */
async function acquire(path: string): Promise<number | undefined> {
  const thisProcess = `${process.pid}@${await processStartTime(process.pid)}`;
  for (;;) {
    if (await create(thisProcess, path)) return undefined;
    const holder = await readlink(path).catch(() => undefined);
    if (holder === undefined) continue;
    const pid = Number(holder.slice(0, holder.indexOf('@')));
    if ((await processStartTime(pid)) === holder.slice(holder.indexOf('@') + 1)) return pid;
    const remover = await acquire(`${path}~`);
    if (remover !== undefined) return remover;
    try {
      if ((await readlink(path).catch(() => undefined)) === holder) await unlink(path);
    } finally {
      await unlink(`${path}~`).catch(() => {});
    }
  }
}

async function create(target: string, path: string): Promise<boolean> {
  try {
    await symlink(target, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
