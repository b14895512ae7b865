import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { MINUTE } from '../time.ts';

/** Longer than any of our time limits, so the process that made an older folder is dead. */
const ABANDONED = 60 * MINUTE;

/** The folder for files that can be downloaded again. */
export function cacheFolder(env: NodeJS.ProcessEnv): string {
  return join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache'), 'memory-manager');
}

/**
 * Creates a folder in the cache completely or not at all. The folder is filled under another name and then renamed, so neither a second
 * process nor a kill leaves an incomplete folder.
 * @param fill fills the given empty folder
 * @param isUsable whether a folder that another process created meanwhile can be used
 */
export async function makeFolder(
  target: string,
  fill: (folder: string) => Promise<void>,
  isUsable: (folder: string) => Promise<boolean>,
): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  await removeAbandoned(target);
  const temporary = await mkdtemp(`${target}.tmp-`);
  const old = `${temporary}-old`;
  try {
    await fill(temporary);
    if (await moved(temporary, target)) return;
    if (await isUsable(target)) return;
    await moved(target, old);
    await moved(temporary, target);
  } finally {
    await rm(temporary, { recursive: true, force: true });
    await rm(old, { recursive: true, force: true });
  }
}

/** False if the target exists, or if another process has already moved the folder. */
async function moved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOENT') return false;
    throw error;
  }
}

async function removeAbandoned(target: string): Promise<void> {
  const prefix = `${basename(target)}.tmp-`;
  for (const name of await readdir(dirname(target))) {
    if (!name.startsWith(prefix)) continue;
    const path = join(dirname(target), name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > ABANDONED) await rm(path, { recursive: true, force: true });
  }
}
