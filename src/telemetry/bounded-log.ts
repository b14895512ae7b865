import { randomUUID } from 'node:crypto';
import { appendFileSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Appends a line to a file that only this user can read. At `mostBytes` the newer half is kept; lines that other processes append
 * meanwhile may be lost. Never throws.
 */
export function appendToBoundedLog(path: string, line: string, mostBytes: number): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > mostBytes) shorten(path, mostBytes / 2);
    appendFileSync(path, `${line}\n`, { mode: 0o600 });
  } catch {}
}

function shorten(path: string, bytes: number): void {
  const half = readFileSync(path).subarray(-bytes).toString('utf8');
  const unfinished = `${path}.${randomUUID().slice(0, 8)}.part`;
  writeFileSync(unfinished, half.slice(half.indexOf('\n') + 1), { mode: 0o600 });
  renameSync(unfinished, path);
}
