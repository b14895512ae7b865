import { APIError } from 'openai';
import * as z from 'zod/mini';
import type { Connection } from './connection.ts';
import { inWords } from './prompts/repair.ts';
import type { NamedSchema } from './schema.ts';

export interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

export interface ChatRequest {
  readonly messages: readonly Message[];
  readonly schema: NamedSchema;
  /** The likeliest words each time, where the model can be told so. */
  readonly steady: boolean;
}

export interface ChatReply {
  readonly text: string;
  /** Why the text is none that can be read; null where it is. */
  readonly stopped: 'refusal' | 'length' | 'content_filter' | 'empty' | null;
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** Asks a model for JSON and remembers what its server does not take. */
export interface Chat {
  readonly model: string;
  /** One reply. @throws ModelFailed, ModelBusy, ReplyUnusable, ConfigError */
  complete(request: ChatRequest): Promise<ChatReply>;
  close(): void;
}

/** From the strictest way to ask for JSON to the one that every server takes. */
const FORMATS = ['json_schema', 'json_object', 'text'] as const;
interface Habits {
  format: number;
  temperature: boolean;
}

const REASONS = /(?:^|\/)(?:gpt-5|o\d)/;
const FORMAT_REFUSED =
  /response_format|json_schema|json_object|json mode|structured output|guided|grammar|invalid schema/i;
const tokens = z.catch(z.number().check(z.int(), z.minimum(0)), 0);
const completion = z.object({
  choices: z.array(
    z.object({
      finish_reason: z.nullish(z.string()),
      message: z.object({ content: z.nullish(z.string()), refusal: z.nullish(z.string()) }),
    }),
  ),
  usage: z.nullish(z.object({ prompt_tokens: tokens, completion_tokens: tokens })),
});

export function openChat(connection: Connection): Chat {
  // Reasoning models refuse a temperature.
  const habits: Habits = { format: 0, temperature: !REASONS.test(connection.model) };

  async function complete(request: ChatRequest): Promise<ChatReply> {
    for (;;) {
      const used = { ...habits };
      try {
        return readCompletion(
          await connection.send((client, options) => client.chat.completions.create(body(request, used), options)),
        );
      } catch (error) {
        if (!learned(habits, used, error)) throw connection.failure(error);
      }
    }
  }

  function body({ messages, schema, steady }: ChatRequest, { format, temperature }: Habits) {
    return {
      model: connection.model,
      messages: format === 0 ? [...messages] : [...messages, { role: 'user' as const, content: inWords(schema) }],
      ...(steady && temperature && { temperature: 0 }),
      ...responseFormat(FORMATS[format], schema),
    };
  }

  return { model: connection.model, complete, close: connection.close };
}

function responseFormat(format: (typeof FORMATS)[number] | undefined, { name, schema }: NamedSchema) {
  if (format === 'json_schema')
    return { response_format: { type: format, json_schema: { name, schema, strict: true } } } as const;
  return format === 'json_object' ? ({ response_format: { type: format } } as const) : {};
}

/** True when the server refused a way of asking and there is another. `used` is what this call asked with. */
function learned(habits: Habits, used: Habits, error: unknown): boolean {
  if (!(error instanceof APIError) || ![400, 415, 422, 500, 501].includes(error.status ?? 0)) return false;
  const said = `${error.param} ${error.message}`;
  if (used.temperature && /temperature/i.test(said)) {
    habits.temperature = false;
    return true;
  }
  if (!FORMAT_REFUSED.test(said) || used.format === FORMATS.length - 1) return false;
  habits.format = Math.max(habits.format, used.format + 1);
  return true;
}

function readCompletion(given: unknown): ChatReply {
  const { success, data } = completion.safeParse(given);
  if (!success) throw new TypeError('not a chat completion');
  const [choice] = data.choices;
  const text = choice?.message.content ?? '';
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
