import type { NamedSchema } from './json-schema.ts';

/** A chat model that answers in JSON: everything that a provider has to implement for `chatLanguageModel`. */
export interface Chat {
  readonly model: string;
  /**
   * The replies to one request. The last one counts; those before it were empty but cost tokens too.
   * @throws ModelUnavailableError, ModelFailedError, ModelBusyError, TextTooLongError, UnusableReplyError, ConfigError
   */
  complete(request: ChatRequest): Promise<readonly [...ChatReply[], ChatReply]>;
  /** Cancels the running calls. */
  close(): void;
}

export interface ChatRequest {
  readonly messages: readonly Message[];
  readonly schema: NamedSchema;
  /** Asks for the most likely words, if the model has a setting for that. */
  readonly deterministic: boolean;
}

export interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

export interface ChatReply {
  readonly text: string;
  /** Why the text cannot be read; null if it can be read. */
  readonly stopped: 'refusal' | 'length' | 'content_filter' | 'empty' | null;
  readonly promptTokens: number;
  readonly completionTokens: number;
}
