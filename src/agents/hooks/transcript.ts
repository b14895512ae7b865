import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { parseJson } from '../../json.ts';
import { type Entry, entryOf } from './entry.ts';

/** An entry and where its line begins, in bytes. */
export interface PlacedEntry {
  readonly at: number;
  readonly entry: Entry;
}

export interface Stretch {
  readonly entries: readonly PlacedEntry[];
  /** Where the next reading begins: behind the last line that is whole. */
  readonly end: number;
  /** Lines that are no JSON. */
  readonly unreadable: number;
}

/** So much is read at once; what is left comes next time. */
const MOST_BYTES = 32 * 1024 * 1024;
const LINE_BREAK = 0x0a;

/**
 * Reads a transcript, JSON lines, from a byte on. A last line that is still being written waits for the next time; a file that
 * became shorter was rewritten and is read from the beginning.
 * @throws what `fs` throws when it cannot be read
 */
export function readTranscript(path: string, from: number): Stretch {
  const { start, bytes } = readBytes(path, from);
  const entries: PlacedEntry[] = [];
  let unreadable = 0;
  let at = 0;
  for (let end = bytes.indexOf(LINE_BREAK, at); end >= 0; end = bytes.indexOf(LINE_BREAK, at)) {
    const line = bytes.toString('utf8', at, end);
    const parsed = parseJson(line);
    if (parsed === undefined && line.trim() !== '') unreadable += 1;
    const entry = parsed === undefined ? undefined : entryOf(parsed);
    if (entry) entries.push({ at: start + at, entry });
    at = end + 1;
  }
  // A line longer than one read contains no message.
  const isStuck = at === 0 && bytes.length === MOST_BYTES;
  return { entries, end: start + (isStuck ? bytes.length : at), unreadable };
}

/** How long it is now, in bytes; 0 when it is not there. */
export const lengthOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

function readBytes(path: string, from: number): { start: number; bytes: Buffer } {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const start = from > size ? 0 : from;
    const bytes = Buffer.allocUnsafe(Math.min(size - start, MOST_BYTES));
    const read = readSync(file, bytes, 0, bytes.length, start);
    return { start, bytes: bytes.subarray(0, read) };
  } finally {
    closeSync(file);
  }
}
