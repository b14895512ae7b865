import type { ContentPart, ModelMessage, PromptEvent, RequestEvent } from './host.ts';

/** The recalled text of a message is kept in the message's metadata, where a restarted host still finds it. */
const KEY = 'memory-manager';
const MOST_MESSAGES = 5_000;

export interface RecalledTextStore {
  /** Fixes what the model gets with a message from now on. */
  keep(event: PromptEvent, text: string): void;
  /**
   * Puts each recalled text behind the words of its message. The host builds every request from its stored messages, so each
   * text must come again, the same and in the same place: otherwise the provider's prompt cache is lost.
   * @returns false when the request holds no recalled text
   */
  putInto(event: RequestEvent): boolean;
}

export function openRecalledTextStore(): RecalledTextStore {
  const texts = new Map<string, string>();
  return {
    keep(event, text) {
      texts.set(event.messageID, text);
      for (const oldest of texts.keys()) {
        if (texts.size <= MOST_MESSAGES) break;
        texts.delete(oldest);
      }
      event.metadata = { ...event.metadata, [KEY]: text };
    },
    putInto({ messages }) {
      let isIn = false;
      for (const [index, message] of messages.entries()) {
        if (message.role !== 'user') continue;
        const text = texts.get(message.id ?? '') ?? recalledTextOf(message);
        if (text === undefined) continue;
        isIn = true;
        messages[index] = withText(message, text);
      }
      return isIn;
    },
  };
}

/** The text that was recalled for a message, as its metadata have it. */
export function recalledTextOf({ metadata }: Pick<ModelMessage, 'metadata'>): string | undefined {
  const text = metadata?.[KEY];
  return typeof text === 'string' ? text : undefined;
}

/** A copy of the same class, since the host may use the message it gave for more than this request. */
function withText(message: ModelMessage, text: string): ModelMessage {
  // Some protocols join the parts of a message without a space.
  const added = `\n\n${text}`;
  const { content } = message;
  const isThere = Array.isArray(content) && content.some((part: ContentPart) => part.text === added);
  if (isThere) return message;
  const longer = typeof content === 'string' ? content + added : [...content, { type: 'text', text: added }];
  return Object.assign(Object.create(Object.getPrototypeOf(message)), message, { content: longer });
}
