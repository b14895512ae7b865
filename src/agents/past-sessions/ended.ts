import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { MINUTE } from '../../time.ts';

/** An agent that has written nothing for this long has ended, or was killed. A tool may run for minutes without a line. */
const IDLE_AFTER = 30 * MINUTE;
const TAIL = 64 * 1024;

export const isIdle = (endedAt: number, now: number): boolean => now - endedAt > IDLE_AFTER;

/** When the last line was written, by the line itself: copying a file changes its own time. In milliseconds since 1970. */
export function sessionEndTime(path: string): number {
  try {
    return lastTimestamp(path) ?? statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}

function lastTimestamp(path: string): number | undefined {
  if (path.endsWith('.zst')) return undefined;
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const tail = Buffer.alloc(Math.min(size, TAIL));
    readSync(file, tail, 0, tail.length, size - tail.length);
    const times = [...tail.toString('utf8').matchAll(/"timestamp":\s?"([^"]{20,35})"/g)];
    const time = Date.parse(times.at(-1)?.[1] ?? '');
    return Number.isNaN(time) ? undefined : time;
  } finally {
    closeSync(file);
  }
}
