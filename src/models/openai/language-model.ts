import { APIError } from 'openai';
import { schemaInWords } from '../chat/ask.ts';
import type { Chat, ChatReply, ChatRequest } from '../chat/chat.ts';
import type { NamedSchema } from '../chat/json-schema.ts';
import { chatLanguageModel } from '../chat/language-model.ts';
import type { LanguageModel } from '../language-model.ts';
import {
  type Capabilities,
  commonCapabilities,
  LAST_FORMAT,
  REPLY_FORMATS,
  withFewerFeatures,
  withoutRefusedFeature,
} from './capabilities.ts';
import { readCompletion } from './completion.ts';
import { type ConnectionOptions, type ModelConnection, openModelConnection } from './connection.ts';
import type { OpenAISettings } from './declaration.ts';
import { readCompletionStream, readJsonBody } from './stream.ts';

const NAMES = { model: 'MEMORY_LLM_MODEL', address: 'OPENAI_BASE_URL', key: 'OPENAI_API_KEY' };

/** A model of OpenAI or of a server that speaks its protocol (`/chat/completions`). No request is sent before the first call. */
export function openaiLanguageModel(settings: OpenAISettings, options?: ConnectionOptions): LanguageModel {
  return chatLanguageModel(openChat(openModelConnection(settings, settings.model, NAMES, options)));
}

/**
 * Asks the server for the model; costs nothing. Compatible servers that list no models answer 404, which says nothing about the key.
 * @throws as a call of the model does
 */
export async function checkOpenaiModel(settings: OpenAISettings): Promise<void> {
  const connection = openModelConnection(settings, settings.model, NAMES);
  try {
    await connection.send((client, { signal }) => client.models.retrieve(settings.model, { signal }));
  } catch (error) {
    if (error instanceof APIError && error.status === 404 && settings.baseUrl !== undefined) return;
    throw await connection.failure(error, { text: '', probe: () => Promise.reject(error) });
  } finally {
    connection.close();
  }
}

const REASONS = /(?:^|\/)(?:gpt-5|o\d)/;
/** Tests whether the server answers at all; costs a few tokens. */
const PROBE = [{ role: 'user' as const, content: 'Reply with the word "yes".' }];

/** Remembers which features the server refused. */
function openChat(connection: ModelConnection): Chat {
  const reasons = REASONS.test(connection.model);
  // Reasoning models refuse a temperature.
  let supported: Capabilities = { format: 0, temperature: !reasons, stream: true, streamOptions: true };
  /** Formats and schemas that the server has answered: if it refuses one later in unknown words, the text is the reason. */
  const answered = new Set<string>();

  async function complete(request: ChatRequest): Promise<readonly [...ChatReply[], ChatReply]> {
    const first = await completeOnce(request, supported);
    let { capabilities } = first;
    const replies: [...ChatReply[], ChatReply] = [first.reply];
    while (replies.at(-1)?.stopped === 'empty' && capabilities.format < LAST_FORMAT) {
      const lower = await completeOnce(request, { ...capabilities, format: capabilities.format + 1 });
      ({ capabilities } = lower);
      replies.push(lower.reply);
    }
    return replies;
  }

  /** One reply, and the features that the request used. */
  async function completeOnce(request: ChatRequest, from: Capabilities) {
    const text = JSON.stringify(request.messages);
    let capabilities = from;
    for (;;) {
      const format = formatKey(capabilities, request);
      try {
        const reply = await sendRequest(request, capabilities);
        connection.answered(text);
        if (reply.stopped === 'empty') return { reply, capabilities };
        // Remember the reduced features, unless the server accepted more for other texts: then it refused this text.
        if (!answered.has(formatKey(supported, request))) supported = commonCapabilities(supported, capabilities);
        answered.add(format);
        return { reply, capabilities };
      } catch (error) {
        const named = withoutRefusedFeature(capabilities, error);
        if (named) supported = commonCapabilities(supported, named);
        const reduced = named ?? (answered.has(format) ? undefined : withFewerFeatures(capabilities, error));
        if (!reduced) throw await connection.failure(error, { text, probe });
        capabilities = reduced;
      }
    }
  }

  /** Streamed, so that an unreachable server can be distinguished from one with a long answer. */
  function sendRequest(request: ChatRequest, used: Capabilities): Promise<ChatReply> {
    return connection.send(
      async (client, { signal, watchdog, pause }) => {
        const response = await client.chat.completions.create(body(request, used), { signal }).asResponse();
        return readCompletion(await readCompletionStream(response, watchdog, pause));
      },
      { thinks: reasons || !used.stream },
    );
  }

  async function probe(): Promise<void> {
    await connection.send(async (client, { signal, watchdog }) => {
      const body = { model: connection.model, messages: PROBE };
      readCompletion(await readJsonBody(await client.chat.completions.create(body, { signal }).asResponse(), watchdog));
    });
  }

  function body(
    { messages, schema, deterministic }: ChatRequest,
    { format, temperature, stream, streamOptions }: Capabilities,
  ) {
    return {
      model: connection.model,
      messages: format === 0 ? [...messages] : [...messages, { role: 'user' as const, content: schemaInWords(schema) }],
      ...(deterministic && temperature && { temperature: 0 }),
      ...(stream && { stream, ...(streamOptions && { stream_options: { include_usage: true } }) }),
      ...responseFormat(REPLY_FORMATS[format], schema),
    };
  }

  return { model: connection.model, complete, close: connection.close };
}

const formatKey = ({ format }: Capabilities, { schema }: ChatRequest) => `${format} ${schema.name}`;

function responseFormat(format: (typeof REPLY_FORMATS)[number] | undefined, { name, schema }: NamedSchema) {
  if (format === 'json_schema')
    return { response_format: { type: format, json_schema: { name, schema, strict: true } } } as const;
  return format === 'json_object' ? ({ response_format: { type: format } } as const) : {};
}
