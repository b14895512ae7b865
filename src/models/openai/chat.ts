import { type ChatReply, readCompletion } from './completion.ts';
import type { Connection } from './connection.ts';
import { FORMATS, type Habits, learned } from './habits.ts';
import { inWords } from './prompts/repair.ts';
import type { NamedSchema } from './schema.ts';
import { heardCompletion } from './stream.ts';

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

/** Asks a model for JSON and remembers what its server does not take. */
export interface Chat {
  readonly model: string;
  /** One reply. @throws ModelAway, ModelFailed, ModelBusy, ReplyUnusable, ConfigError */
  complete(request: ChatRequest): Promise<ChatReply>;
  close(): void;
}

const REASONS = /(?:^|\/)(?:gpt-5|o\d)/;

export function openChat(connection: Connection): Chat {
  const reasons = REASONS.test(connection.model);
  // Reasoning models refuse a temperature.
  const habits: Habits = { format: 0, temperature: !reasons, stream: true, streamOptions: true };

  async function complete(request: ChatRequest): Promise<ChatReply> {
    for (;;) {
      const used = { ...habits };
      try {
        return await asked(request, used);
      } catch (error) {
        if (!learned(habits, used, error)) throw connection.failure(error);
      }
    }
  }

  /** In pieces, so that a server that is gone can be told from one that has much to say. */
  function asked(request: ChatRequest, used: Habits): Promise<ChatReply> {
    return connection.send(
      async (client, { signal, watch, pause }) => {
        const response = await client.chat.completions.create(body(request, used), { signal }).asResponse();
        return readCompletion(await heardCompletion(response, watch, pause));
      },
      { thinks: reasons || !used.stream },
    );
  }

  function body({ messages, schema, steady }: ChatRequest, { format, temperature, stream, streamOptions }: Habits) {
    return {
      model: connection.model,
      messages: format === 0 ? [...messages] : [...messages, { role: 'user' as const, content: inWords(schema) }],
      ...(steady && temperature && { temperature: 0 }),
      ...(stream && { stream, ...(streamOptions && { stream_options: { include_usage: true } }) }),
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
