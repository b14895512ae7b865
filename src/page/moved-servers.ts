import { statSync } from 'node:fs';
import { type Config, loadConfig } from '../config.ts';
import { isOperationalError } from '../errors.ts';
import { runningFile } from '../home.ts';
import type { MemoryManager } from '../memory.ts';

/**
 * Finds the servers after `down` and `up`, which may change ports and passwords. The file that `up` writes is read only if it has
 * changed. While the file is missing, the servers are stopped and the last addresses stay.
 * @returns the memory at its new address, once for each change; otherwise undefined
 */
export function openMovedServers(
  { home, group }: Pick<Config, 'home' | 'group'>,
  open: (config: Partial<Config>) => MemoryManager,
): () => MemoryManager | undefined {
  let read = versionOf(home);
  let known = settingsNow();
  return () => {
    const version = versionOf(home);
    if (version === undefined || version === read) return undefined;
    const settings = settingsNow();
    // The file is being replaced or has an unusable setting; the next call reads it again.
    if (settings === undefined) return undefined;
    read = version;
    if (settings === known) return undefined;
    known = settings;
    return open({ group });
  };
}

function versionOf(home: string): string | undefined {
  const found = statSync(runningFile(home), { throwIfNoEntry: false });
  return found && `${found.ino} ${found.mtimeMs} ${found.size}`;
}

function settingsNow(): string | undefined {
  try {
    return JSON.stringify(loadConfig());
  } catch (error) {
    if (isOperationalError(error)) return undefined;
    throw error;
  }
}
