import type { TokenUse } from './language-model.ts';

/**
 * Turns texts into vectors whose cosine tells how near the texts are in meaning.
 * Throws `ModelUnavailableError`, `ModelBusyError`, `ModelFailedError` or `ConfigError`, as a language model does.
 */
export interface Embedder {
  /** Name of the model, e.g. `universal-sentence-encoder-lite`. A graph remembers it. */
  readonly model: string;
  readonly dimension: number;
  /** One vector of `dimension` numbers for each text, in the same order, of Euclidean length 1. @param onUse called with the cost of each call */
  embed(texts: readonly string[], onUse?: (use: TokenUse) => void): Promise<number[][]>;
  close(): Promise<void>;
}
