import { randomUUID } from 'node:crypto';
import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod/mini';
import { readJsonFile } from '../json.ts';

/** As much of a session's file as matters here; `hooks/session.ts` writes them. */
const shape = z.looseObject({ recalled: z.array(z.string()) });

const TRIES = 50;
const LOOKS_EVERY = 10;

/**
 * Lets the hooks' sessions on this machine forget which sentences the memory told them: some may tell of what is forgotten, in
 * whatever words. Gives how many sessions there were.
 */
export async function forgetRecalled(home: string): Promise<number> {
  const folder = join(home, 'hooks');
  let count = 0;
  for (const name of filesIn(folder).filter((it) => /^[0-9a-f]{32}\.json$/.test(it)))
    if (await locked(join(folder, name), clear)) count += 1;
  return count;
}

function clear(path: string): boolean {
  const session = readJsonFile(path, shape);
  if (!session || session.recalled.length === 0) return false;
  const unfinished = `${path}.${randomUUID().slice(0, 8)}.part`;
  writeFileSync(unfinished, JSON.stringify({ ...session, recalled: [] }), { flag: 'wx', mode: 0o600 });
  renameSync(unfinished, path);
  return true;
}

/** A hook is done within a second. Whoever holds a lock for longer was killed, and its lock is left to the next hook. */
async function locked(path: string, work: (path: string) => boolean): Promise<boolean> {
  const lock = `${path}.lock`;
  let isHeld = taken(lock);
  for (let tries = 0; !isHeld && tries < TRIES; tries += 1) {
    await sleep(LOOKS_EVERY);
    isHeld = taken(lock);
  }
  try {
    return work(path);
  } finally {
    if (isHeld) rmSync(lock, { force: true });
  }
}

function taken(lock: string): boolean {
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
