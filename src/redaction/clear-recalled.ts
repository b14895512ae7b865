import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import writeFileAtomic from 'write-file-atomic';
import * as z from 'zod/mini';
import { readJsonFile } from '../json.ts';

/** The relevant members of a session's file; `hooks/session.ts` writes these files. */
const shape = z.looseObject({ recalled: z.array(z.string()) });

const TRIES = 50;
const RETRY_EVERY = 10;

/**
 * Clears the recalled sentences from this machine's hook sessions, since some may repeat forgotten text in other
 * words. Returns the number of sessions.
 */
export async function clearRecalled(home: string): Promise<number> {
  const folder = join(home, 'hooks');
  let count = 0;
  for (const name of filesIn(folder).filter((name) => /^[0-9a-f]{32}\.json$/.test(name)))
    if (await withLock(join(folder, name), clear)) count += 1;
  return count;
}

function clear(path: string): boolean {
  const session = readJsonFile(path, shape);
  if (!session || session.recalled.length === 0) return false;
  writeFileAtomic.sync(path, JSON.stringify({ ...session, recalled: [] }), { mode: 0o600 });
  return true;
}

/** A hook finishes within a second. A process that holds a lock for longer was killed; the next hook removes its lock. */
async function withLock(path: string, work: (path: string) => boolean): Promise<boolean> {
  const lock = `${path}.lock`;
  let isHeld = tryLock(lock);
  for (let tries = 0; !isHeld && tries < TRIES; tries += 1) {
    await sleep(RETRY_EVERY);
    isHeld = tryLock(lock);
  }
  try {
    return work(path);
  } finally {
    if (isHeld) rmSync(lock, { force: true });
  }
}

function tryLock(lock: string): boolean {
  try {
    writeFileSync(lock, '', { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
