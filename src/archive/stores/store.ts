import { createHash } from 'node:crypto';
import { InvalidInputError } from '../../errors.ts';
import type { Span } from '../../telemetry/tracing.ts';
import { DAY } from '../../time.ts';
import { type Observed, step } from '../step.ts';

/** A store of archives: whole files under plain names. Operations are counted in its `metrics`. */
export interface ArchiveStore extends Observed {
  /** For people: the folder, or `b2://bucket/prefix`. */
  readonly place: string;
  /**
   * Writes a file as a whole or not at all: under its name there is never a part of one. What stood there before is replaced. Of
   * the content no more than one part is held in memory, however long it is. A failure of the content itself is passed on as it is.
   * @throws ConfigError, ArchiveUnavailableError; InvalidInputError for a name that is none
   */
  put(name: string, content: AsyncIterable<string | Uint8Array>): Promise<Stored>;
  /**
   * The bytes of a file from the offset `from` on; none when it is not longer than that.
   * @throws ConfigError, ArchiveUnavailableError; InvalidInputError when there is no such file
   */
  get(name: string, from?: number): AsyncIterable<Uint8Array>;
  /** Files whose names begin with `beginning`, newest first. Other things in the same place are passed over. */
  list(beginning?: string): Promise<Listed[]>;
  /** Removes the file and whatever it has replaced. It need not be there. */
  remove(name: string): Promise<void>;
  /**
   * Removes what interrupted writers left behind.
   * @param untouchedFor milliseconds; younger leftovers may belong to a process that is still writing. Default: `STALE`
   * @returns how many there were
   */
  sweep(untouchedFor?: number): Promise<number>;
}

export interface Stored {
  readonly bytes: number;
  /** Of the whole content, in hexadecimal digits. */
  readonly sha256: string;
}

export interface Listed {
  readonly name: string;
  readonly bytes: number;
  /** When it was written. */
  readonly at: Date;
}

/** Content as bytes, which are measured while they go by. */
export interface Tally extends AsyncIterable<Buffer> {
  /** Called once, after all content has passed. */
  result(): Stored;
}

export function tally(content: AsyncIterable<string | Uint8Array>): Tally {
  const hash = createHash('sha256');
  let bytes = 0;
  return {
    async *[Symbol.asyncIterator]() {
      for await (const piece of content) {
        const chunk =
          typeof piece === 'string'
            ? Buffer.from(piece)
            : Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
        hash.update(chunk);
        bytes += chunk.length;
        yield chunk;
      }
    },
    result: () => ({ bytes, sha256: hash.digest('hex') }),
  };
}

/** Writes a file. @returns its size in bytes */
export function putStep(watched: Observed, work: (span: Span) => Promise<Stored>): Promise<Stored> {
  return step(watched, 'put', async (span) => {
    const stored = await work(span);
    span.tag('bytes', stored.bytes);
    watched.metrics?.increment('opencode.memory.archive.bytes', {}, stored.bytes);
    return stored;
  });
}

/** Younger leftovers may belong to a process that is still writing; B2 only reports when a large file was started. */
export const STALE = 1 * DAY;

// What every store can hold, and nothing that leads out of it.
const NAME = /^[A-Za-z0-9_][\w.-]{0,199}$/;

export const isName = (name: string): boolean => NAME.test(name);

/** @throws InvalidInputError */
export function checkName(name: string): string {
  if (isName(name)) return name;
  throw new InvalidInputError(
    `"${name}" cannot be the name of an archive; take letters, digits, underscores, hyphens and dots, 200 at most.`,
  );
}

export function noSuchArchive(name: string, place: string, cause?: unknown): InvalidInputError {
  return new InvalidInputError(`There is no archive "${name}" in ${place}.`, { cause });
}

export function newestFirst(files: Listed[]): Listed[] {
  return files.sort((a, b) => b.at.getTime() - a.at.getTime() || (a.name < b.name ? 1 : -1));
}
