import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from './faults.ts';
import type { Completion } from './protocol.ts';

/** Characters per event. Real tokens are shorter, but more events only take longer. */
const PIECES = 12;
const DONE = 'data: [DONE]\n\n';

/** Streams a completion like OpenAI: server-sent events, each with a piece of the text. */
export async function sendInPieces(
  response: ServerResponse,
  completion: Completion,
  includeUsage: boolean,
  fault: Fault | undefined,
): Promise<void> {
  if (response.destroyed) return;
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'x-request-id': 'req_fake' });
  const { texts, end, usage } = eventsOf(completion, includeUsage);
  const half = texts.slice(0, Math.ceil(texts.length / 2)).join('');
  const all = texts.join('');
  switch (fault?.kind) {
    case 'hang-in-body':
      return void response.write(half);
    case 'cut':
      // Cut in the middle of an event, after the client has received the earlier chunks.
      return void response.write(half + (texts.at(-1) ?? '').slice(0, 40), () => response.destroy());
    case 'unfinished':
      return void response.end(half);
    case 'no-done':
      return void response.end(all + end + usage);
    case 'no-finish-reason':
      return void response.end(all + usage + DONE);
    case 'hang-after-done':
      return void response.write(all + end + usage + DONE);
    case 'cut-after-text':
      return void response.write(all + end, () => response.destroy());
    case 'garbage-in-stream':
      return void response.end(`${half}data: {"choices":[{"del\n\n${all}${end}${usage}${DONE}`);
    case 'error-in-stream': {
      const name = fault.event ? `event: ${fault.event}\n` : '';
      return void response.end(`${half}${name}data: ${JSON.stringify(fault.error)}\n\n${DONE}`);
    }
    case 'slow':
      for (const text of texts) {
        await sleep(fault.piece);
        if (response.destroyed) return;
        response.write(text);
      }
      return void response.end(end + usage + DONE);
    default:
      return void response.end(all + end + usage + DONE);
  }
}

function eventsOf({ choices, usage, ...of }: Completion, includeUsage: boolean) {
  const [choice] = choices;
  const event = (some: object) =>
    `data: ${JSON.stringify({ ...of, object: 'chat.completion.chunk', ...some, ...(includeUsage && !('usage' in some) && { usage: null }) })}\n\n`;
  const piece = (delta: object, finish_reason: string | null = null) =>
    event({ choices: [{ index: 0, delta, logprobs: null, finish_reason }] });
  const [text, member] = spoken(choice?.message);
  const length = Math.max(Math.ceil(text.length / PIECES), 1);
  const pieces = Array.from({ length: Math.ceil(text.length / length) }, (_, index) =>
    piece(member(text.slice(index * length, (index + 1) * length))),
  );
  return {
    texts: choice ? [piece({ role: 'assistant', content: '', refusal: null }), ...pieces] : [],
    end: choice ? piece({}, choice.finish_reason) : '',
    usage: includeUsage && usage ? event({ choices: [], usage }) : '',
  };
}

/** The streamed text, and the member of the message that each chunk extends. */
function spoken(message: Completion['choices'][number]['message'] | undefined): [string, (piece: string) => object] {
  if (typeof message?.refusal === 'string') return [message.refusal, (refusal) => ({ refusal })];
  if (message?.reasoning_content) return [message.reasoning_content, (reasoning_content) => ({ reasoning_content })];
  const [call] = (message?.tool_calls ?? []) as { function: { arguments: string } }[];
  if (call) return [call.function.arguments, (part) => ({ tool_calls: [{ index: 0, function: { arguments: part } }] })];
  if (typeof message?.content === 'string') return [message.content, (content) => ({ content })];
  const parts = (message?.content ?? []) as { type: string; text?: string }[];
  const text = parts.find(({ type }) => type === 'text')?.text ?? '';
  return [text, (part) => ({ content: [{ type: 'text', text: part }] })];
}
