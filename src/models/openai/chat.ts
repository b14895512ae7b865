import { type ChatReply, readCompletion } from './completion.ts';
import type { Connection } from './connection.ts';
import {
  type Capabilities,
  commonCapabilities,
  FORMATS,
  LAST_FORMAT,
  withFewerFeatures,
  withoutRefusedFeature,
} from './habits.ts';
import { inWords } from './prompts/repair.ts';
import type { NamedSchema } from './schema.ts';
import { readCompletionStream, readJsonBody } from './stream.ts';

export interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

export interface ChatRequest {
  readonly messages: readonly Message[];
  readonly schema: NamedSchema;
  /** The likeliest words each time, where the model can be asked for that. */
  readonly steady: boolean;
}

/** Asks a model for JSON and remembers what its server does not take. */
export interface Chat {
  readonly model: string;
  /**
   * The replies to one request, the last of which counts: an empty one leads to the next lower format, where there is one.
   * @throws ModelUnavailableError, ModelFailedError, ModelBusyError, UnusableReplyError, ConfigError
   */
  complete(request: ChatRequest): Promise<readonly [...ChatReply[], ChatReply]>;
  close(): void;
}

const REASONS = /(?:^|\/)(?:gpt-5|o\d)/;
/** Shows whether the server answers at all; a few tokens. */
const PROBE = [{ role: 'user' as const, content: 'Reply with the word "yes".' }];

export function openChat(connection: Connection): Chat {
  const reasons = REASONS.test(connection.model);
  // Reasoning models refuse a temperature.
  let known: Capabilities = { format: 0, temperature: !reasons, stream: true, streamOptions: true };
  /** Formats and schemas that have been answered: a later refusal in words that say nothing is about the text. */
  const answered = new Set<string>();

  async function complete(request: ChatRequest): Promise<readonly [...ChatReply[], ChatReply]> {
    const first = await completeOnce(request, known);
    let { capabilities } = first;
    const replies: [...ChatReply[], ChatReply] = [first.reply];
    while (replies.at(-1)?.stopped === 'empty' && capabilities.format < LAST_FORMAT) {
      const lower = await completeOnce(request, { ...capabilities, format: capabilities.format + 1 });
      ({ capabilities } = lower);
      replies.push(lower.reply);
    }
    return replies;
  }

  /** One reply, and how it was asked for. */
  async function completeOnce(request: ChatRequest, from: Capabilities) {
    const text = JSON.stringify(request.messages);
    let capabilities = from;
    for (;;) {
      const format = formatKey(capabilities, request);
      try {
        const reply = await sendRequest(request, capabilities);
        connection.answered(text);
        if (reply.stopped === 'empty') return { reply, capabilities };
        // What helped is remembered, unless the server answered more to other texts: then it was about this one.
        if (!answered.has(formatKey(known, request))) known = commonCapabilities(known, capabilities);
        answered.add(format);
        return { reply, capabilities };
      } catch (error) {
        const named = withoutRefusedFeature(capabilities, error);
        if (named) known = commonCapabilities(known, named);
        const reduced = named ?? (answered.has(format) ? undefined : withFewerFeatures(capabilities, error));
        if (!reduced) throw await connection.failure(error, { text, probe });
        capabilities = reduced;
      }
    }
  }

  /** In pieces, so that an unreachable server can be distinguished from one with a long answer. */
  function sendRequest(request: ChatRequest, used: Capabilities): Promise<ChatReply> {
    return connection.send(
      async (client, { signal, watch, pause }) => {
        const response = await client.chat.completions.create(body(request, used), { signal }).asResponse();
        return readCompletion(await readCompletionStream(response, watch, pause));
      },
      { thinks: reasons || !used.stream },
    );
  }

  async function probe(): Promise<void> {
    await connection.send(async (client, { signal, watch }) => {
      const body = { model: connection.model, messages: PROBE };
      readCompletion(await readJsonBody(await client.chat.completions.create(body, { signal }).asResponse(), watch));
    });
  }

  function body(
    { messages, schema, steady }: ChatRequest,
    { format, temperature, stream, streamOptions }: Capabilities,
  ) {
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

const formatKey = ({ format }: Capabilities, { schema }: ChatRequest) => `${format} ${schema.name}`;

function responseFormat(format: (typeof FORMATS)[number] | undefined, { name, schema }: NamedSchema) {
  if (format === 'json_schema')
    return { response_format: { type: format, json_schema: { name, schema, strict: true } } } as const;
  return format === 'json_object' ? ({ response_format: { type: format } } as const) : {};
}
