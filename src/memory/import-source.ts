import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { InvalidInput } from '../errors.ts';
import { bytesOf, decoded, unreadable } from '../import/decode.ts';
import type { Value } from '../import/json-lines.ts';
import { values } from '../import/values.ts';

/** The path of a file, a text, or what comes in pieces. */
export type ImportSource = string | { readonly text: string } | AsyncIterable<Uint8Array | string>;

/** What can be read from its beginning more than once. */
export interface Source {
  /** @param onProgress told the share that is read, from 0 to 1 */
  values(onProgress?: (share: number) => void): AsyncIterable<Value>;
  close(): Promise<void>;
}

/** @throws InvalidInput when it cannot be read */
export async function openSource(source: ImportSource, maxContentBytes: number): Promise<Source> {
  checkSource(source);
  if (typeof source === 'string') return sourceOf(source, maxContentBytes, async () => {});
  // What can be read only once waits on disk meanwhile.
  const folder = await mkdtemp(join(tmpdir(), 'memory-import-'));
  const close = () => rm(folder, { recursive: true, force: true });
  try {
    const file = join(folder, 'input.json');
    const pieces = 'text' in source ? [source.text] : source;
    await pipeline(pieces, createWriteStream(file, { mode: 0o600 }));
    return await sourceOf(file, maxContentBytes, close);
  } catch (error) {
    await close();
    throw error;
  }
}

function checkSource(source: unknown): void {
  if (typeof source === 'string') return;
  const given = (source ?? {}) as { readonly text?: unknown; readonly [Symbol.asyncIterator]?: unknown };
  if (typeof given.text === 'string' || typeof given[Symbol.asyncIterator] === 'function') return;
  throw new InvalidInput('What is imported is the path of a file, { text }, or a stream.');
}

async function sourceOf(file: string, maxContentBytes: number, close: () => Promise<void>): Promise<Source> {
  const { size } = await stat(file).catch((error: unknown) => {
    throw unreadable(file, error);
  });
  // Every character may be written as six, and metadata stand beside it.
  const longest = 6 * maxContentBytes + 1_000_000;
  return {
    values: (onProgress = () => {}) => values(decoded(watched(bytesOf(file), size, onProgress)), longest),
    close,
  };
}

async function* watched(
  bytes: AsyncIterable<Uint8Array>,
  size: number,
  onProgress: (share: number) => void,
): AsyncGenerator<Uint8Array> {
  let done = 0;
  for await (const chunk of bytes) {
    yield chunk;
    done += chunk.length;
    onProgress(Math.min(done / Math.max(size, 1), 1));
  }
}
