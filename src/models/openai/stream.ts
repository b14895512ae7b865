import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { APIError } from 'openai';
import * as z from 'zod/mini';
import { SECOND } from '../../time.ts';
import { InterruptedError, type Watchdog } from '../server/watchdog.ts';
import { contentText, messageShape, reasoningText } from './completion.ts';

const DONE = '[DONE]';
/** After the last event the server should end the answer, so that the connection can be reused; it has this long to do so. */
const ENDS_WITHIN = 1 * SECOND;

const chunk = z.object({
  choices: z.array(
    z.object({
      finish_reason: z.nullish(z.string()),
      delta: z.nullish(messageShape),
    }),
  ),
  usage: z.optional(z.unknown()),
});
const errorBody = z.union([z.record(z.string(), z.unknown()), z.string()]);
const refused = z.union([
  z.object({ error: errorBody }),
  // The form of vLLM and Mistral.
  z.object({ object: z.literal('error') }),
]);
/** OpenRouter puts the failure of the provider behind it into the choice. */
const refusedChoice = z.object({ choices: z.tuple([z.object({ error: errorBody })], z.unknown()) });

/**
 * The answer to a chat call as one chat completion: assembled from its chunks, or as it is if the server sends it whole.
 * `readCompletion` checks it.
 * @param pause milliseconds of silence in the middle
 * @throws InterruptedError if the server does not mark the answer's end; APIError if it reports a failure;
 *   SyntaxError, TypeError if it does not speak the protocol
 */
export async function readCompletionStream(response: Response, watchdog: Watchdog, pause: number): Promise<unknown> {
  if (/json/i.test(response.headers.get('content-type') ?? '')) return readJsonBody(response, watchdog);
  return await assembleChunks(response, textOf(response, watchdog), watchdog, pause);
}

/**
 * A JSON answer in one piece. A failure with status 200 is thrown as a failure.
 * @throws InterruptedError, APIError, SyntaxError
 */
export async function readJsonBody(response: Response, watchdog: Watchdog): Promise<unknown> {
  let text = '';
  for await (const piece of textOf(response, watchdog)) text += piece;
  const body: unknown = JSON.parse(text);
  const failure = failureIn(body, response.headers);
  if (failure) throw failure;
  return body;
}

async function assembleChunks(response: Response, pieces: AsyncIterable<string>, watchdog: Watchdog, pause: number) {
  let [content, refusal, reasoning, toolArguments] = ['', '', '', ''];
  let choices = 0;
  let events = 0;
  let finish_reason: string | undefined;
  let usage: unknown;
  let isDone = false;
  // Some servers send only one of the two.
  const isWhole = () => isDone || finish_reason !== undefined;

  function addChunk(value: unknown): void {
    const { success, data } = chunk.safeParse(value);
    if (!success) throw new TypeError('not a chunk of a chat completion');
    usage = data.usage ?? usage;
    const [choice] = data.choices;
    if (!choice) return;
    choices += 1;
    content += contentText(choice.delta?.content);
    refusal += choice.delta?.refusal ?? '';
    if (choice.delta) reasoning += reasoningText(choice.delta);
    toolArguments += choice.delta?.tool_calls?.[0]?.function?.arguments ?? '';
    // Some servers send an empty string until the end.
    finish_reason = choice.finish_reason || finish_reason;
  }

  try {
    for await (const { event, data } of eventsIn(pieces)) {
      events += 1;
      if (isDone) continue;
      if (data === DONE) {
        isDone = true;
        watchdog.begun(ENDS_WITHIN);
        continue;
      }
      const value: unknown = JSON.parse(data);
      const failure = failureIn(value, response.headers) ?? (event === 'error' && errorOf(value, response.headers));
      if (failure) throw failure;
      const hadBegun = content !== '' || refusal !== '';
      addChunk(value);
      if (!hadBegun && (content !== '' || refusal !== '')) watchdog.begun(pause);
    }
  } catch (error) {
    // The answer is complete; only the token count is lost, which is cheaper than asking again.
    if (!isWhole() || !(error instanceof InterruptedError)) throw error;
  }
  if (events === 0) throw new TypeError('no events');
  if (!isWhole()) throw new InterruptedError('unfinished');
  const message = {
    content,
    refusal,
    reasoning_content: reasoning,
    ...(toolArguments !== '' && { tool_calls: [{ function: { arguments: toolArguments } }] }),
  };
  return { choices: choices === 0 ? [] : [{ finish_reason, message }], usage };
}

async function* textOf({ body }: Response, watchdog: Watchdog): AsyncGenerator<string> {
  if (!body) throw new TypeError('no body');
  const decoder = new TextDecoder();
  try {
    for await (const bytes of body) {
      watchdog.heard();
      yield decoder.decode(bytes, { stream: true });
    }
  } catch (error) {
    throw new InterruptedError('cut', 0, { cause: error });
  }
}

/** The failure that an answer or a chunk reports instead of content; undefined for none. */
function failureIn(value: unknown, headers: Headers): APIError | undefined {
  if (refused.safeParse(value).success) return errorOf(value, headers);
  const choice = refusedChoice.safeParse(value);
  return choice.success ? errorOf(choice.data.choices[0], headers) : undefined;
}

/** The status is the number that the error names, if any. */
function errorOf(value: unknown, headers: Headers): APIError {
  const { error = value } = (value ?? {}) as { error?: unknown };
  const body = typeof error === 'object' && error !== null ? error : { message: String(error) };
  const { code, status } = body as { code?: unknown; status?: unknown };
  const number = [code, status].map(Number).find((status) => status >= 400 && status < 600);
  return new APIError(number, body, undefined, headers);
}

/**
 * The events of a `text/event-stream` that arrives in arbitrary pieces. Unlike in the specification the last event needs no empty
 * line after it, because some servers leave it out. A last line without a line end is dropped, because it may be incomplete.
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
  // Two, because the first may complete a `\r\n`.
  if (last === '\n' || last === '\r') parser.feed('\n\n');
  yield* events.splice(0);
}
