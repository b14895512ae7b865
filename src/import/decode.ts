import { createReadStream } from 'node:fs';
import { InvalidInput } from '../errors.ts';

/** The bytes of a file. @throws InvalidInput when it cannot be read */
export async function* bytesOf(file: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(file);
  } catch (error) {
    throw unreadable(file, error);
  }
}

export function unreadable(file: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  return code === undefined ? error : new InvalidInput(`The file ${file} cannot be read (${code}).`, { cause: error });
}

/** The text of bytes in UTF-8, without a mark of their order. @throws InvalidInput */
export async function* decoded(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let lines = 0;
  const decode = (chunk?: Uint8Array) => {
    try {
      return decoder.decode(chunk, { stream: chunk !== undefined });
    } catch (error) {
      throw new InvalidInput(
        `The input is not UTF-8 text after line ${lines}; convert it first, for example with iconv.`,
        { cause: error },
      );
    }
  };
  for await (const chunk of bytes) {
    yield decode(chunk);
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines += 1;
  }
  yield decode();
}
