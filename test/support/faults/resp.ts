/** One command as a client of Valkey or FalkorDB sends it. */
export interface WireCommand {
  readonly args: readonly string[];
  /** The bytes of the command. */
  readonly raw: Buffer;
}

const CRLF = '\r\n';

/** The complete commands at the start of the bytes, and the remaining bytes. */
export function commandsIn(bytes: Buffer): { commands: WireCommand[]; rest: Buffer } {
  const commands: WireCommand[] = [];
  let start = 0;
  for (;;) {
    const found = commandAt(bytes, start);
    if (!found) return { commands, rest: bytes.subarray(start) };
    commands.push({ args: found.args, raw: bytes.subarray(start, found.end) });
    start = found.end;
  }
}

function commandAt(bytes: Buffer, start: number): { args: string[]; end: number } | undefined {
  const head = lineAt(bytes, start);
  if (!head?.text.startsWith('*')) return undefined;
  const args: string[] = [];
  let end = head.end;
  for (let left = Number(head.text.slice(1)); left > 0; left -= 1) {
    const size = lineAt(bytes, end);
    if (!size) return undefined;
    const [from, to] = [size.end, size.end + Number(size.text.slice(1))];
    if (bytes.length < to + CRLF.length) return undefined;
    args.push(bytes.toString('utf8', from, to));
    end = to + CRLF.length;
  }
  return { args, end };
}

/** The end of the reply that begins at `start`; undefined while it is incomplete. Supports RESP2 and RESP3. */
export function replyEnd(bytes: Buffer, start: number): number | undefined {
  const head = lineAt(bytes, start);
  if (!head) return undefined;
  const kind = head.text[0] ?? '';
  const size = Number(head.text.slice(1));
  if ('$!='.includes(kind)) {
    const end = size < 0 ? head.end : head.end + size + CRLF.length;
    return end <= bytes.length ? end : undefined;
  }
  const parts = '*~>'.includes(kind) ? size : '%|'.includes(kind) ? 2 * size : 0;
  let end: number | undefined = head.end;
  for (let left = parts + (kind === '|' ? 1 : 0); left > 0 && end !== undefined; left -= 1) end = replyEnd(bytes, end);
  return end;
}

/** True for a push message, which answers no command. */
export const isPush = (bytes: Buffer, start: number): boolean => bytes[start] === '>'.charCodeAt(0);

function lineAt(bytes: Buffer, start: number): { text: string; end: number } | undefined {
  const end = bytes.indexOf(CRLF, start);
  return end < 0 ? undefined : { text: bytes.toString('latin1', start, end), end: end + CRLF.length };
}
