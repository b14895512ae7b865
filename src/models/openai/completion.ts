import * as z from 'zod/mini';
import { parseJson } from '../../json.ts';

export interface ChatReply {
  readonly text: string;
  /** Why the text cannot be read; null where it can. */
  readonly stopped: 'refusal' | 'length' | 'content_filter' | 'empty' | null;
  readonly promptTokens: number;
  readonly completionTokens: number;
}

const tokens = z.catch(z.number().check(z.int(), z.minimum(0)), 0);
/** A text, or a list of parts as Mistral's reasoning models and some gateways send it. */
const content = z.nullish(z.union([z.string(), z.array(z.unknown())]));

/** What a message, or a piece of one in a stream, may hold. */
export const messageShape = z.object({
  content,
  refusal: z.nullish(z.string()),
  reasoning_content: z.nullish(z.string()),
  reasoning: z.nullish(z.unknown()),
  tool_calls: z.nullish(z.array(z.object({ function: z.nullish(z.object({ arguments: z.nullish(z.string()) })) }))),
});
export type GivenMessage = z.output<typeof messageShape>;

const completion = z.object({
  choices: z.array(z.object({ finish_reason: z.nullish(z.string()), message: messageShape })),
  usage: z.nullish(z.object({ prompt_tokens: tokens, completion_tokens: tokens })),
});

/** @throws TypeError for what is no chat completion */
export function readCompletion(given: unknown): ChatReply {
  const { success, data } = completion.safeParse(given);
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
 * The answer of a message: its content; else the arguments of a tool call; else the reasoning, but only where all of it is
 * one JSON object: servers that force a schema upon a reasoning model put the answer there. Reasoning in prose is never read,
 * because the drafts in it are not the answer.
 */
function answerIn(message: GivenMessage): string {
  const text = contentText(message.content);
  if (text.trim() !== '') return text;
  const [call] = message.tool_calls ?? [];
  if (call?.function?.arguments) return call.function.arguments;
  const reasoning = reasoningText(message).trim();
  return isJsonObject(reasoning) ? reasoning : '';
}

/** The text of a content; of a list the parts that are text, not those that are thoughts. */
export function contentText(given: GivenMessage['content']): string {
  if (typeof given === 'string') return given;
  return (given ?? []).map((part) => textOfPart(part)).join('');
}

function textOfPart(part: unknown): string {
  if (typeof part === 'string') return part;
  const { type, text } = (part ?? {}) as { type?: unknown; text?: unknown };
  return (type === undefined || type === 'text' || type === 'output_text') && typeof text === 'string' ? text : '';
}

export function reasoningText({ reasoning_content, reasoning }: GivenMessage): string {
  return reasoning_content ?? (typeof reasoning === 'string' ? reasoning : '');
}

function isJsonObject(text: string): boolean {
  return text.startsWith('{') && text.endsWith('}') && parseJson(text) !== undefined;
}
