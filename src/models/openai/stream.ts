import { APIError } from 'openai';
import * as z from 'zod/mini';
import { SECOND } from '../../time.ts';
import { contentText, messageShape, reasoningText } from './completion.ts';
import { eventsIn } from './events.ts';
import { Interrupted } from './interrupted.ts';
import type { Watch } from './watch.ts';

const DONE = '[DONE]';
/** After its last word a server ends the answer, so that the connection serves again; one that does not is not waited for. */
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
  // As vLLM and Mistral send it.
  z.object({ object: z.literal('error') }),
]);
/** OpenRouter puts the failure of the provider behind it into the choice. */
const refusedChoice = z.object({ choices: z.tuple([z.object({ error: errorBody })], z.unknown()) });

/**
 * What a server answers to a chat call, as one chat completion: put together from its pieces, or as it is where the server
 * gives it in one. Not checked further.
 * @param pause milliseconds of silence in the middle
 * @throws Interrupted unless the server says that the answer is whole; APIError when it says that it failed;
 *   SyntaxError, TypeError when it does not speak the protocol
 */
export async function readCompletionStream(response: Response, watch: Watch, pause: number): Promise<unknown> {
  if (/json/i.test(response.headers.get('content-type') ?? '')) return readJsonBody(response, watch);
  return await putTogether(response, textOf(response, watch), watch, pause);
}

/**
 * A JSON answer in one piece. A failure that comes under status 200 is thrown as what it is.
 * @throws Interrupted, APIError, SyntaxError
 */
export async function readJsonBody(response: Response, watch: Watch): Promise<unknown> {
  let text = '';
  for await (const piece of textOf(response, watch)) text += piece;
  const given: unknown = JSON.parse(text);
  const failure = failureIn(given, response.headers);
  if (failure) throw failure;
  return given;
}

async function putTogether(response: Response, pieces: AsyncIterable<string>, watch: Watch, pause: number) {
  let [content, refusal, reasoning, toolArguments] = ['', '', '', ''];
  let choices = 0;
  let events = 0;
  let finish_reason: string | undefined;
  let usage: unknown;
  let isDone = false;
  // Some servers say only one of the two.
  const isWhole = () => isDone || finish_reason !== undefined;

  function take(data: unknown): void {
    const { success, data: given } = chunk.safeParse(data);
    if (!success) throw new TypeError('not a chunk of a chat completion');
    usage = given.usage ?? usage;
    const [choice] = given.choices;
    if (!choice) return;
    choices += 1;
    content += contentText(choice.delta?.content);
    refusal += choice.delta?.refusal ?? '';
    if (choice.delta) reasoning += reasoningText(choice.delta);
    toolArguments += choice.delta?.tool_calls?.[0]?.function?.arguments ?? '';
    // Some servers send an empty text until the end.
    finish_reason = choice.finish_reason || finish_reason;
  }

  try {
    for await (const { event, data } of eventsIn(pieces)) {
      events += 1;
      if (isDone) continue;
      if (data === DONE) {
        isDone = true;
        watch.begun(ENDS_WITHIN);
        continue;
      }
      const given: unknown = JSON.parse(data);
      const failure = failureIn(given, response.headers) ?? (event === 'error' && errorOf(given, response.headers));
      if (failure) throw failure;
      const hadBegun = content !== '' || refusal !== '';
      take(given);
      if (!hadBegun && (content !== '' || refusal !== '')) watch.begun(pause);
    }
  } catch (error) {
    // After the last word only the count of tokens is lost, which is less than to pay for the whole answer again.
    if (!isWhole() || !(error instanceof Interrupted)) throw error;
  }
  if (events === 0) throw new TypeError('no events');
  if (!isWhole()) throw new Interrupted('unfinished');
  const message = {
    content,
    refusal,
    reasoning_content: reasoning,
    ...(toolArguments !== '' && { tool_calls: [{ function: { arguments: toolArguments } }] }),
  };
  return { choices: choices === 0 ? [] : [{ finish_reason, message }], usage };
}

async function* textOf({ body }: Response, watch: Watch): AsyncGenerator<string> {
  if (!body) throw new TypeError('no body');
  const decoder = new TextDecoder();
  try {
    for await (const bytes of body) {
      watch.heard();
      yield decoder.decode(bytes, { stream: true });
    }
  } catch (error) {
    throw new Interrupted('cut', 0, { cause: error });
  }
}

/** The failure that an answer or a piece of one tells of instead of being one; undefined where it tells of none. */
function failureIn(given: unknown, headers: Headers): APIError | undefined {
  if (refused.safeParse(given).success) return errorOf(given, headers);
  const choice = refusedChoice.safeParse(given);
  return choice.success ? errorOf(choice.data.choices[0], headers) : undefined;
}

/** Its status is the number that the error names, if it names one. */
function errorOf(given: unknown, headers: Headers): APIError {
  const { error = given } = (given ?? {}) as { error?: unknown };
  const body = typeof error === 'object' && error !== null ? error : { message: String(error) };
  const { code, status } = body as { code?: unknown; status?: unknown };
  const number = [code, status].map(Number).find((status) => status >= 400 && status < 600);
  return new APIError(number, body, undefined, headers);
}
