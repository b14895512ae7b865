import { createParser, type EventSourceMessage } from 'eventsource-parser';

/**
 * The events of a `text/event-stream`, which may be cut into pieces anywhere. Unlike in the specification the last event need not
 * be followed by an empty line, as some servers leave it out; one whose last line has no end is left out, since it may be half.
 */
export async function* eventsIn(pieces: AsyncIterable<string>): AsyncGenerator<EventSourceMessage> {
  const events: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => events.push(event) });
  let last = '';
  for await (const piece of pieces) {
    parser.feed(piece);
    last = piece.at(-1) ?? last;
    yield* events.splice(0);
  }
  // Two, since the first may be the second half of a `\r\n`.
  if (last === '\n' || last === '\r') parser.feed('\n\n');
  yield* events.splice(0);
}
