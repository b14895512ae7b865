import type { TokenUse } from './language-model.ts';

/**
 * Turns texts into vectors whose cosine is the similarity of their meanings.
 * Throws `ModelUnavailableError`, `ModelBusyError`, `ModelFailedError` or `ConfigError`, as a language model does.
 */
export interface Embedder {
  /** Name of the model, e.g. `universal-sentence-encoder-lite`. The graph stores it. */
  readonly model: string;
  readonly dimension: number;
  /** One vector of `dimension` numbers for each text, in the same order, of Euclidean length 1. @param onUse called with the cost of each call */
  embed(texts: readonly string[], onUse?: (use: TokenUse) => void): Promise<number[][]>;
  close(): Promise<void>;
}
