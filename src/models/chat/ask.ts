import { UnusableReplyError } from '../../errors.ts';
import { truncated } from '../../text.ts';
import type { TokenUse } from '../language-model.ts';
import type { Chat, ChatReply, Message } from './chat.ts';
import type { NamedSchema } from './json-schema.ts';
import { type ReplyReader, readReply } from './reply.ts';

export interface ChatTask<T> {
  readonly purpose: TokenUse['purpose'];
  readonly instructions: string;
  readonly material: string;
  readonly schema: NamedSchema;
  readonly read: ReplyReader<T>;
}

export interface ChatResult<T> {
  readonly value: T;
  /** Every call that brought a reply, in order; 0 tokens if the server reports none. */
  readonly use: readonly TokenUse[];
}

/**
 * Asks at most three times until a reply can be used: first plainly; then with the reply and its fault, if the reply is
 * complete; then from scratch at a higher temperature, because a lower one would give the same reply.
 * @throws UnusableReplyError with the last reason; ModelUnavailableError, ModelFailedError, ModelBusyError, ConfigError
 */
export async function completeTask<T>(chat: Chat, question: ChatTask<T>): Promise<ChatResult<T>> {
  const { purpose, schema, read } = question;
  const messages: Message[] = [
    { role: 'system', content: question.instructions },
    { role: 'user', content: question.material },
  ];
  const use: TokenUse[] = [];
  const attempt = async (deterministic: boolean, repair: readonly Message[] = []) => {
    const replies = await chat.complete({ messages: [...messages, ...repair], schema, deterministic });
    const reply = replies[replies.length - 1] as ChatReply;
    const reading = readReply(reply, read);
    for (const attempted of replies) {
      const { promptTokens, completionTokens } = attempted;
      const dropped = attempted === reply && reading.fits ? reading.dropped : 0;
      use.push({
        ...{ purpose, model: chat.model, promptTokens, completionTokens },
        ...(dropped > 0 && { rowsDropped: dropped }),
      });
    }
    return { reply, reading };
  };

  const first = await attempt(true);
  if (first.reading.fits) return { value: first.reading.value, use };
  if (first.reply.stopped === null) {
    const repaired = await attempt(true, repairMessages(first.reply.text, first.reading.problem, schema));
    if (repaired.reading.fits) return { value: repaired.reading.value, use };
  }
  // After an empty reply, the chat has tried all formats already.
  const last = first.reply.stopped === 'empty' ? first : await attempt(false);
  if (last.reading.fits) return { value: last.reading.value, use };
  throw new UnusableReplyError(
    `The model ${chat.model} gave no usable reply in ${use.length} attempts: ${last.reading.problem}.`,
  );
}

/** Longer replies are cut: their beginning is mostly right, and the model has the material for the rest. */
const SHOWN = 8000;

/** The schema as a prompt, for servers without structured output. */
export function schemaInWords({ name, schema }: NamedSchema): string {
  return `Reply with one JSON object and nothing else. It must fit this JSON schema:
<schema name="${name}">${JSON.stringify(schema)}</schema>`;
}

/** The messages after a reply that could not be used. */
export function repairMessages(reply: string, problem: string, schema: NamedSchema) {
  return [
    { role: 'assistant' as const, content: truncated(reply, SHOWN) },
    {
      role: 'user' as const,
      content: `This cannot be used: ${problem}. Give the whole answer again, corrected. ${schemaInWords(schema)}`,
    },
  ];
}
