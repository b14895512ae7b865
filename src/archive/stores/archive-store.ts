import { createHash } from 'node:crypto';
import { InvalidInputError } from '../../errors.ts';
import type { Span } from '../../telemetry/tracing.ts';
import { DAY } from '../../time.ts';
import { type StepMetrics, timedStep } from '../timed-step.ts';

/** A store of archives: whole files under plain names. Operations are counted in its `metrics`. */
export interface ArchiveStore extends StepMetrics {
  /** For messages: the folder, or `b2://bucket/prefix`. */
  readonly location: string;
  /** True: exports choose names that end in `.age`, under which this store encrypts what it writes (`encrypted.ts`). */
  readonly encrypts?: boolean;
  /**
   * Writes a whole file or none: a partly written file is never visible under its name. An earlier file of that name is replaced. At most
   * one part of the content is held in memory. An error that the content throws is passed on unchanged.
   * @throws ConfigError, ArchiveLocationError, ArchiveUnavailableError; InvalidInputError for an invalid name
   */
  put(name: string, content: AsyncIterable<string | Uint8Array>): Promise<StoredFile>;
  /**
   * The bytes of a file from the offset `from` on; none when it is not longer than that.
   * @throws ConfigError, ArchiveLocationError, ArchiveUnavailableError; InvalidInputError when there is no such file
   */
  get(name: string, from?: number): AsyncIterable<Uint8Array>;
  /**
   * Files whose names begin with `namePrefix`, newest first. Other files in the same place are ignored.
   * @throws ConfigError, ArchiveLocationError, ArchiveUnavailableError, as the two below
   */
  list(namePrefix?: string): Promise<ListedFile[]>;
  /** Removes the file and all earlier versions of it. Does nothing if there is no such file. */
  remove(name: string): Promise<void>;
  /**
   * Removes files that interrupted writers left.
   * @param untouchedForMs younger leftovers may belong to a process that is still writing. Default: `STALE_AFTER`
   * @returns how many there were
   */
  sweep(untouchedForMs?: number): Promise<number>;
}

export interface StoredFile {
  readonly bytes: number;
  /** SHA-256 of the whole content, in hexadecimal. */
  readonly sha256: string;
}

export interface ListedFile {
  readonly name: string;
  readonly bytes: number;
  /** When it was written. */
  readonly at: Date;
}

/** Content as bytes, counted and hashed while they pass. */
export interface MeasuredContent extends AsyncIterable<Buffer> {
  /** Called once, after all content has passed. */
  result(): StoredFile;
}

export function measureContent(content: AsyncIterable<string | Uint8Array>): MeasuredContent {
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
export function timedPut(watched: StepMetrics, work: (span: Span) => Promise<StoredFile>): Promise<StoredFile> {
  return timedStep(watched, 'put', async (span) => {
    const stored = await work(span);
    span.tag('bytes', stored.bytes);
    watched.metrics?.increment('opencode.memory.archive.bytes', {}, stored.bytes);
    return stored;
  });
}

/** Younger leftovers may belong to a process that is still writing; B2 only reports when a large file was started. */
export const STALE_AFTER = 1 * DAY;

// Names that every store accepts and that cannot lead out of its folder.
const NAME = /^[A-Za-z0-9_][\w.-]{0,199}$/;

export const isArchiveFileName = (name: string): boolean => NAME.test(name);

/** @throws InvalidInputError */
export function checkArchiveFileName(name: string): string {
  if (isArchiveFileName(name)) return name;
  throw new InvalidInputError(
    `"${name}" cannot be the name of an archive; use letters, digits, underscores, hyphens and dots, at most 200 characters.`,
  );
}

export function noSuchArchive(name: string, location: string, cause?: unknown): InvalidInputError {
  return new InvalidInputError(`There is no archive "${name}" in ${location}.`, { cause });
}

export function newestFirst(files: ListedFile[]): ListedFile[] {
  return files.sort((a, b) => b.at.getTime() - a.at.getTime() || (a.name < b.name ? 1 : -1));
}
