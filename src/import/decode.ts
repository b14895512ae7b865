import { createReadStream } from 'node:fs';
import { InvalidInputError } from '../errors.ts';

/** The bytes of a file. @throws InvalidInputError when it cannot be read */
export async function* readBytes(file: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(file);
  } catch (error) {
    throw readError(file, error);
  }
}

export function readError(file: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  return code === undefined
    ? error
    : new InvalidInputError(`The file ${file} cannot be read (${code}).`, { cause: error });
}

/** Marks bytes that are not UTF-8. A lone surrogate, which no decoder produces, so that only the line around it is lost. */
export const NOT_UTF8 = '\udfff';

/** Decodes UTF-8, or UTF-16 if there is a byte order mark, and removes the mark. */
export async function* decodeText(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let decode: ((chunk: Buffer | null) => string) | undefined;
  let head = Buffer.alloc(0);
  for await (const chunk of bytes) {
    if (decode) yield decode(Buffer.from(chunk));
    else {
      head = Buffer.concat([head, chunk]);
      if (head.length < LONGEST_MARK) continue;
      decode = decoderOf(head);
      yield decode(head);
    }
  }
  decode ??= decoderOf(head);
  yield head.length < LONGEST_MARK ? decode(head) + decode(null) : decode(null);
}

const LONGEST_MARK = 3;

function decoderOf(head: Buffer): (chunk: Buffer | null) => string {
  const encoding =
    head[0] === 0xff && head[1] === 0xfe ? 'utf-16le' : head[0] === 0xfe && head[1] === 0xff ? 'utf-16be' : null;
  if (encoding === null) return utf8Decoder();
  const decoder = new TextDecoder(encoding);
  return (chunk) => decoder.decode(chunk ?? undefined, { stream: chunk !== null });
}

function utf8Decoder(): (chunk: Buffer | null) => string {
  const options = { ignoreBOM: true };
  const [strict, lenient] = [new TextDecoder('utf-8', { ...options, fatal: true }), new TextDecoder('utf-8', options)];
  let rest = Buffer.alloc(0);
  let isFirst = true;
  return (chunk) => {
    if (chunk === null) return rest.length > 0 ? NOT_UTF8 : '';
    const all = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    const end = all.length - lengthOfCutCharacter(all);
    rest = Buffer.from(all.subarray(end));
    const text = wholeText(all.subarray(0, end));
    const withoutMark = isFirst && text.startsWith('\ufeff') ? text.slice(1) : text;
    isFirst &&= text === '';
    return withoutMark;
  };

  function wholeText(whole: Buffer): string {
    try {
      return strict.decode(whole);
    } catch {
      const end = whole.indexOf(10) + 1;
      // Only this line, because other lines may legitimately contain the replacement character.
      if (end === 0 || end === whole.length) return lenient.decode(whole).replaceAll('\ufffd', NOT_UTF8);
      return linesOf(whole).map(wholeText).join('');
    }
  }
}

function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let from = 0; from < bytes.length; ) {
    const end = bytes.indexOf(10, from) + 1 || bytes.length;
    lines.push(bytes.subarray(from, end));
    from = end;
  }
  return lines;
}

/** Bytes at the end that begin a character which continues in the next piece. */
function lengthOfCutCharacter(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return needed > back ? back : 0;
  }
  return 0;
}
