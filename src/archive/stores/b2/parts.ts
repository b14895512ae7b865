export interface Part {
  /** Valid until the next part is asked for. */
  readonly data: Buffer;
  readonly last: boolean;
}

/** Content in parts of `size` bytes, the last of which is shorter or as long. There is always one, if an empty one. */
export async function* inParts(content: AsyncIterable<Buffer>, size: number): AsyncGenerator<Part> {
  // One for all parts: new ones would lie about until they are collected.
  const buffer = Buffer.allocUnsafeSlow(size);
  let filled = 0;
  for await (const chunk of content)
    for (let taken = 0; taken < chunk.length; ) {
      // Only now, when more is there, it is known not to be the last.
      if (filled === size) {
        yield { data: buffer, last: false };
        filled = 0;
      }
      const copied = chunk.copy(buffer, filled, taken);
      filled += copied;
      taken += copied;
    }
  yield { data: buffer.subarray(0, filled), last: true };
}
