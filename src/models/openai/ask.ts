import { UnusableReplyError } from '../../errors.ts';
import type { TokenUse } from '../language-model.ts';
import type { Chat, Message } from './chat.ts';
import type { ChatReply } from './completion.ts';
import { repair } from './prompts/repair.ts';
import { type Reader, readReply } from './reply.ts';
import type { NamedSchema } from './schema.ts';

export interface Question<T> {
  readonly purpose: TokenUse['purpose'];
  readonly instructions: string;
  readonly material: string;
  readonly schema: NamedSchema;
  readonly read: Reader<T>;
}

export interface Answer<T> {
  readonly value: T;
  /** Every call that brought a reply, in order; 0 tokens where the server reports none. */
  readonly use: readonly TokenUse[];
}

/**
 * Asks until a reply can be used: once; once more with that reply and what is wrong with it, where it can be
 * repaired; and once from scratch at a higher temperature, since the same words would come again.
 * @throws UnusableReplyError with the last reason; ModelUnavailableError, ModelFailedError, ModelBusyError, ConfigError
 */
export async function ask<T>(chat: Chat, question: Question<T>): Promise<Answer<T>> {
  const { purpose, schema, read } = question;
  const messages: Message[] = [
    { role: 'system', content: question.instructions },
    { role: 'user', content: question.material },
  ];
  const use: TokenUse[] = [];
  const attempt = async (steady: boolean, more: readonly Message[] = []) => {
    const replies = await chat.complete({ messages: [...messages, ...more], schema, steady });
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
    const repaired = await attempt(true, repair(first.reply.text, first.reading.problem, schema));
    if (repaired.reading.fits) return { value: repaired.reading.value, use };
  }
  // An empty reply was asked for again in each format already.
  const last = first.reply.stopped === 'empty' ? first : await attempt(false);
  if (last.reading.fits) return { value: last.reading.value, use };
  throw new UnusableReplyError(
    `The model ${chat.model} gave no reply that can be used, in ${use.length} tries: ${last.reading.problem}.`,
  );
}
