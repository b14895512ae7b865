/** A place for archives. */
export interface ArchiveStore {
  /** For people: the folder or bucket. */
  readonly place: string;
  /**
   * Writes a file as a whole or not at all: under its name there is never a part of one.
   * @returns its size in bytes
   */
  put(name: string, content: AsyncIterable<string>): Promise<number>;
}
