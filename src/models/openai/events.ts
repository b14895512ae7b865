/** One server-sent event; `event` is empty where it has no name. */
export interface ServerEvent {
  readonly event: string;
  readonly data: string;
}

/**
 * The events of a `text/event-stream` (WHATWG HTML, 9.2.6), which may be cut into pieces anywhere. Unlike there, the last event
 * need not be followed by an empty line; a last line that has no end is left out, since it may be half a line.
 */
export async function* eventsIn(pieces: AsyncIterable<string>): AsyncGenerator<ServerEvent> {
  let event = '';
  let data: string[] = [];
  const take = (): ServerEvent[] => {
    const taken = data.length === 0 ? [] : [{ event, data: data.join('\n') }];
    event = '';
    data = [];
    return taken;
  };
  for await (const line of linesIn(pieces)) {
    const [, field, value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
    if (line === '') yield* take();
    else if (field === 'data') data.push(value);
    else if (field === 'event') event = value;
  }
  yield* take();
}

async function* linesIn(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = '';
  for await (const piece of pieces) {
    // A `\r` at the end may be the first half of `\r\n`.
    const lines = (rest + piece).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest.endsWith('\r')) yield rest.slice(0, -1);
}
