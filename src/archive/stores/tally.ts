import { createHash } from 'node:crypto';
import type { Stored } from './store.ts';

/** Content as bytes, which are measured while they go by. */
export interface Tally extends AsyncIterable<Buffer> {
  /** To be asked once, when all is through. */
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
