import { appendFileSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hooksFolder } from './session.ts';

/** When it is as long, only the newer half stays. */
const MOST_BYTES = 32 * 1024;

/** Where hooks note what went wrong, since nobody may hear it from them. Never much longer than 32 kB; without any content. */
export const logFile = (home: string): string => join(hooksFolder(home), 'problems.log');

/** Never throws: there is nobody to tell. */
export function note(home: string, what: string, now = new Date()): void {
  try {
    mkdirSync(hooksFolder(home), { recursive: true, mode: 0o700 });
    const path = logFile(home);
    if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > MOST_BYTES) shorten(path);
    const line = what.replace(/\s+/g, ' ').slice(0, 400);
    appendFileSync(path, `${now.toISOString()} ${line}\n`, { mode: 0o600 });
  } catch {}
}

function shorten(path: string): void {
  const text = readFileSync(path, 'utf8');
  const half = text.slice(-MOST_BYTES / 2);
  writeFileSync(`${path}.part`, half.slice(half.indexOf('\n') + 1), { mode: 0o600 });
  renameSync(`${path}.part`, path);
}
