import * as z from 'zod/mini';
import { parseJson } from '../../json.ts';
import type { ChatReply } from '../chat/chat.ts';

const tokens = z.catch(z.number().check(z.int(), z.minimum(0)), 0);
/** A string, or a list of parts (Mistral's reasoning models and some gateways). */
const content = z.nullish(z.union([z.string(), z.array(z.unknown())]));

/** A message, or a part of one in a stream. */
export const messageShape = z.object({
  content,
  refusal: z.nullish(z.string()),
  reasoning_content: z.nullish(z.string()),
  reasoning: z.nullish(z.unknown()),
  tool_calls: z.nullish(z.array(z.object({ function: z.nullish(z.object({ arguments: z.nullish(z.string()) })) }))),
});
export type RawMessage = z.output<typeof messageShape>;

const completion = z.object({
  choices: z.array(z.object({ finish_reason: z.nullish(z.string()), message: messageShape })),
  usage: z.nullish(z.object({ prompt_tokens: tokens, completion_tokens: tokens })),
});

/** @throws TypeError if it is not a chat completion */
export function readCompletion(body: unknown): ChatReply {
  const { success, data } = completion.safeParse(body);
  if (!success) throw new TypeError('not a chat completion');
  const [choice] = data.choices;
  const text = choice ? answerIn(choice.message) : '';
  const stopped = () => {
    if (choice?.message.refusal) return 'refusal';
    if (choice?.finish_reason === 'length' || choice?.finish_reason === 'content_filter') return choice.finish_reason;
    return text.trim() === '' ? 'empty' : null;
  };
  return {
    text,
    stopped: stopped(),
    promptTokens: data.usage?.prompt_tokens ?? 0,
    completionTokens: data.usage?.completion_tokens ?? 0,
  };
}

/**
 * The answer of a message: its content; else the arguments of a tool call; else the reasoning, but only if all of it is one
 * JSON object, because servers that force a schema on a reasoning model put the answer there. Reasoning in prose holds drafts.
 */
function answerIn(message: RawMessage): string {
  const text = contentText(message.content);
  if (text.trim() !== '') return text;
  const [call] = message.tool_calls ?? [];
  if (call?.function?.arguments) return call.function.arguments;
  const reasoning = reasoningText(message).trim();
  return isJsonObject(reasoning) ? reasoning : '';
}

/** The text of a message's content; thoughts in a list of parts are left out. */
export function contentText(content: RawMessage['content']): string {
  if (typeof content === 'string') return content;
  return (content ?? []).map((part) => textOfPart(part)).join('');
}

function textOfPart(part: unknown): string {
  if (typeof part === 'string') return part;
  const { type, text } = (part ?? {}) as { type?: unknown; text?: unknown };
  return (type === undefined || type === 'text' || type === 'output_text') && typeof text === 'string' ? text : '';
}

export function reasoningText({ reasoning_content, reasoning }: RawMessage): string {
  return reasoning_content ?? (typeof reasoning === 'string' ? reasoning : '');
}

function isJsonObject(text: string): boolean {
  return text.startsWith('{') && text.endsWith('}') && parseJson(text) !== undefined;
}
