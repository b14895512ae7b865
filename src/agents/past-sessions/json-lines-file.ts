import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import * as zlib from 'node:zlib';
import { parseJson } from '../../json.ts';

/** A line of a file; `value` is undefined for one that is not JSON. */
export interface JsonLine {
  /** Counted from 1. */
  readonly number: number;
  readonly text: string;
  readonly value: unknown;
}

const CHUNK = 8 * 1024 * 1024;
/** A longer line is not a message, and would have to be held in memory as a whole. */
const LONGEST_LINE = 64 * 1024 * 1024;
const LINE_BREAK = 0x0a;

/**
 * The lines of a file, also of one that ends in the middle of a line. Empty lines are left out.
 * @throws the errors of `fs`; Error for a compressed file that cannot be unpacked
 */
export function* jsonLinesOfFile(path: string): Generator<JsonLine> {
  let number = 0;
  for (const bytes of path.endsWith('.zst')
    ? linesIn([zlib.zstdDecompressSync(readFileSync(path))])
    : linesIn(chunksOf(path))) {
    number += 1;
    const text = bytes?.toString('utf8') ?? '';
    if (bytes === undefined) yield { number, text, value: undefined };
    else if (text.trim() !== '') yield { number, text, value: parseJson(text) };
  }
}

/** Undefined for a line that is too long. */
function* linesIn(chunks: Iterable<Buffer>): Generator<Buffer | undefined> {
  let rest: Buffer[] = [];
  let length = 0;
  function line(end: Buffer): Buffer | undefined {
    const whole = length + end.length > LONGEST_LINE ? undefined : Buffer.concat([...rest, end]);
    [rest, length] = [[], 0];
    return whole;
  }
  for (const chunk of chunks) {
    let at = 0;
    for (let end = chunk.indexOf(LINE_BREAK); end >= 0; end = chunk.indexOf(LINE_BREAK, at)) {
      yield line(chunk.subarray(at, end));
      at = end + 1;
    }
    length += chunk.length - at;
    if (length <= LONGEST_LINE) rest.push(chunk.subarray(at));
    else rest = [];
  }
  if (length > 0) yield line(Buffer.alloc(0));
}

function* chunksOf(path: string): Generator<Buffer> {
  const file = openSync(path, 'r');
  try {
    for (;;) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK, fstatSync(file).size + 1));
      const read = readSync(file, chunk);
      if (read === 0) return;
      yield chunk.subarray(0, read);
    }
  } finally {
    closeSync(file);
  }
}
