import type { Watched } from '../step.ts';

/** A place for archives: whole files under plain names. What is done with them is told to its `metrics`. */
export interface ArchiveStore extends Watched {
  /** For people: the folder, or `b2://bucket/prefix`. */
  readonly place: string;
  /**
   * Writes a file as a whole or not at all: under its name there is never a part of one. What stood there before is replaced. Of
   * the content no more than one part is held in memory, however long it is. A failure of the content itself is passed on as it is.
   * @throws ConfigError, ArchiveAway; InvalidInput for a name that is none
   */
  put(name: string, content: AsyncIterable<string | Uint8Array>): Promise<Stored>;
  /**
   * The bytes of a file from the offset `from` on; none when it is not longer than that.
   * @throws ConfigError, ArchiveAway; InvalidInput when there is no such file
   */
  get(name: string, from?: number): AsyncIterable<Uint8Array>;
  /** Files whose names begin with `beginning`, newest first. Other things in the same place are passed over. */
  list(beginning?: string): Promise<Listed[]>;
  /** Removes the file and whatever it has replaced. It need not be there. */
  remove(name: string): Promise<void>;
  /**
   * Removes what interrupted writers left behind.
   * @param untouchedFor milliseconds; younger leftovers may belong to somebody who is still writing. Default: `STALE`
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
