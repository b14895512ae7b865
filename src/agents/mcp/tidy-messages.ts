import { Transform } from 'node:stream';
import { parseJson } from '../../json.ts';

/**
 * A message in the form that the protocol's SDK accepts. Some clients send null for missing members, and some models send arguments as
 * JSON text; the SDK would drop the former without an answer and refuse the latter.
 */
export function normalizedMessage(message: unknown): unknown {
  if (Array.isArray(message)) return message.map(normalizedMessage);
  if (!isObject(message) || !('method' in message)) return message;
  const { params, ...rest } = message;
  if (params === null || params === undefined) return rest;
  if (!isObject(params) || message.method !== 'tools/call') return message;
  const { arguments: args, ...others } = params;
  const parsed = typeof args === 'string' ? (parseJson(args) ?? args) : args;
  return { ...rest, params: { ...others, ...(parsed !== null && parsed !== undefined && { arguments: parsed }) } };
}

/**
 * The lines of standard input as normalized messages, one per line; a batch becomes its messages. Lines that are not JSON are skipped.
 * @param longest bytes of a line; a longer line passes unchanged, and the transport ends the connection
 * @param refuse answers JSON that is not a message; the SDK would not answer it
 */
export function normalizeLines(longest: number, refuse: (id: unknown) => void): Transform {
  let rest: Buffer[] = [];
  let bytes = 0;
  const line = (end: Buffer): string => {
    const text = Buffer.concat([...rest, end]).toString();
    [rest, bytes] = [[], 0];
    const value = parseJson(text);
    const messages = Array.isArray(value) ? value : value === undefined ? [] : [value];
    return messages
      .flatMap((message) =>
        isMessage(message) ? [`${JSON.stringify(normalizedMessage(message))}\n`] : refused(message),
      )
      .join('');
  };
  const refused = (message: unknown): [] => {
    refuse(isObject(message) && isId(message.id) ? message.id : null);
    return [];
  };
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      let from = 0;
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
        this.push(line(chunk.subarray(from, at)));
        from = at + 1;
      }
      rest.push(chunk.subarray(from));
      bytes += chunk.length - from;
      if (bytes > longest) {
        for (const part of rest) this.push(part);
        [rest, bytes] = [[], 0];
      }
      done();
    },
    flush(done) {
      // A last line without a line end.
      this.push(line(Buffer.alloc(0)));
      done();
    },
  });
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);
const isId = (id: unknown): boolean => typeof id === 'string' || (typeof id === 'number' && Number.isInteger(id));

/** A request, a notification, or an answer to one of our requests. */
function isMessage(message: unknown): boolean {
  if (!isObject(message) || message.jsonrpc !== '2.0') return false;
  if ('id' in message && !isId(message.id)) return false;
  if (!('method' in message)) return 'result' in message || 'error' in message;
  const { method, params } = message;
  return typeof method === 'string' && (params === undefined || params === null || isObject(params));
}
