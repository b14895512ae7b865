import { Transform } from 'node:stream';
import { parseJson } from '../../json.ts';

/**
 * A message as the protocol's SDK reads it. Clients write null for members that are left out, and models arguments as JSON text; the SDK
 * would drop the one without an answer and refuse the other.
 */
export function tidied(message: unknown): unknown {
  if (Array.isArray(message)) return message.map(tidied);
  if (!isObject(message) || !('method' in message)) return message;
  const { params, ...rest } = message;
  if (params === null || params === undefined) return rest;
  if (!isObject(params) || message.method !== 'tools/call') return message;
  const { arguments: given, ...others } = params;
  const parsed = typeof given === 'string' ? (parseJson(given) ?? given) : given;
  return { ...rest, params: { ...others, ...(parsed !== null && parsed !== undefined && { arguments: parsed }) } };
}

/**
 * Lines of standard input as `tidied` messages, one a line, a batch as its messages. Lines that are no JSON are passed over.
 * @param longest bytes of a line; a longer one goes through as it is, and the transport ends the connection
 * @param refuse answers what is JSON and no message, which the SDK would leave without an answer
 */
export function tidyLines(longest: number, refuse: (id: unknown) => void): Transform {
  let rest: Buffer[] = [];
  let bytes = 0;
  const line = (end: Buffer): string => {
    const text = Buffer.concat([...rest, end]).toString();
    [rest, bytes] = [[], 0];
    const value = parseJson(text);
    const messages = Array.isArray(value) ? value : value === undefined ? [] : [value];
    return messages
      .flatMap((message) => (isMessage(message) ? [`${JSON.stringify(tidied(message))}\n`] : no(message)))
      .join('');
  };
  const no = (message: unknown): [] => {
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
      // A last line without its end.
      this.push(line(Buffer.alloc(0)));
      done();
    },
  });
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);
const isId = (id: unknown): boolean => typeof id === 'string' || (typeof id === 'number' && Number.isInteger(id));

/** A request, a notification, or an answer to one of ours. */
function isMessage(message: unknown): boolean {
  if (!isObject(message) || message.jsonrpc !== '2.0') return false;
  if ('id' in message && !isId(message.id)) return false;
  if (!('method' in message)) return 'result' in message || 'error' in message;
  const { method, params } = message;
  return typeof method === 'string' && (params === undefined || params === null || isObject(params));
}
