import { createReadStream } from 'node:fs';
import { InvalidInput } from '../errors.ts';

export interface Line {
  /** Counted from 1, blank lines too. */
  readonly number: number;
  readonly value: unknown;
}

/**
 * Reads JSON lines; blank ones are passed over.
 * @param file `-` for standard input
 * @param longest characters of a line
 * @throws InvalidInput with the line's number
 */
export async function* jsonLines(file: string, longest: number): AsyncGenerator<Line> {
  let number = 0;
  for await (const text of lines(chunksOf(file), longest)) {
    number += 1;
    if (text.trim() !== '') yield { number, value: parse(text, number) };
  }
}

function parse(text: string, number: number): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InvalidInput(`Line ${number} is not JSON; write one JSON object on each line.`, { cause: error });
  }
}

/** Only line feeds end a line: `readline` would also cut at U+2028, which JSON may hold. */
async function* lines(chunks: AsyncIterable<Uint8Array>, longest: number): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  let count = 0;
  const decode = (chunk?: Uint8Array) => {
    try {
      return decoder.decode(chunk, { stream: chunk !== undefined });
    } catch (error) {
      throw new InvalidInput(
        `The input is not UTF-8 text after line ${count}; convert it first, for example with iconv.`,
        {
          cause: error,
        },
      );
    }
  };
  for await (const chunk of chunks) {
    const parts = decode(chunk).split('\n');
    parts[0] = rest + parts[0];
    rest = parts.pop() ?? '';
    for (const part of parts) {
      count += 1;
      yield part;
    }
    if (rest.length > longest) throw new InvalidInput(`Line ${count + 1} is longer than ${longest} characters.`);
  }
  rest += decode();
  if (rest !== '') yield rest;
}

async function* chunksOf(file: string): AsyncGenerator<Uint8Array> {
  try {
    yield* file === '-' ? process.stdin : createReadStream(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new InvalidInput(`The file ${file} cannot be read (${code}).`, { cause: error });
  }
}
