import { InvalidInputError } from '../errors.ts';
import { parseJson } from '../json.ts';

/** Text from standard input. @throws InvalidInputError when it is not UTF-8 or longer than `maxBytes` */
export async function standardInput(maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes > maxBytes)
      throw new InvalidInputError(
        `The content has more than ${maxBytes} bytes; store it in parts or raise MEMORY_MAX_CONTENT_BYTES.`,
      );
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch (error) {
    throw new InvalidInputError('The standard input is not UTF-8 text; convert it first, for example with iconv.', {
      cause: error,
    });
  }
}

/** A JSON object given as an argument. @throws InvalidInputError */
export function jsonObject(text: string | undefined): Record<string, unknown> | null {
  if (text === undefined) return null;
  const value = parseJson(text);
  if (value && typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new InvalidInputError('The metadata must be a JSON object, such as \'{"file":"src/main.ts"}\'.');
}
