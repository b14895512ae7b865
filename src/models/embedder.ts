/**
 * Turns texts into vectors whose cosine tells how near the texts are in meaning.
 * Throws `ModelFailed` when it cannot answer now.
 */
export interface Embedder {
  /** Name of the model, e.g. `universal-sentence-encoder-lite`. A graph remembers it. */
  readonly model: string;
  readonly dimension: number;
  /** One vector of `dimension` numbers for each text, in the same order, of Euclidean length 1. */
  embed(texts: readonly string[]): Promise<number[][]>;
  close(): Promise<void>;
}
