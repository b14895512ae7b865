import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ConfigError, ModelFailedError } from '../../errors.ts';
import type { EmbeddingSettings } from '../declarations.ts';
import type { Embedder } from '../embedder.ts';
import { modelThread } from '../model-thread.ts';
import type { EncodeRequest } from './encoder-thread.ts';

/** 50 languages, 384 numbers, 118 MB: https://huggingface.co/Xenova/paraphrase-multilingual-MiniLM-L12-v2 */
export const DEFAULT_MODEL = 'Xenova/paraphrase-multilingual-MiniLM-L12-v2';
const DEFAULT_DIMENSION = 384;
const BATCH = 16;

/**
 * A sentence encoder that `@huggingface/transformers` runs on this machine, in a separate thread: mean of the last layer, scaled
 * to length 1 (Reimers and Gurevych 2019). The package is not one of our dependencies. Loaded with the first text.
 * @param settings `model` is a folder with `config.json`, tokenizer and `onnx/`, or a model's id, which is downloaded once
 * @throws ConfigError for a folder that holds no model
 */
export function transformersEmbedder({
  model = DEFAULT_MODEL,
  dimension,
}: Omit<EmbeddingSettings, 'provider'>): Embedder {
  const folder = existsSync(model) ? resolve(model) : undefined;
  const width = dimension ?? (folder ? dimensionIn(folder) : DEFAULT_DIMENSION);
  const name = nameOf(folder ?? model);
  const thread = modelThread<EncodeRequest, number[][]>('encoder-thread', import.meta.url, name);
  return {
    model: name,
    dimension: width,
    async embed(texts) {
      const vectors: number[][] = [];
      for (let start = 0; start < texts.length; start += BATCH)
        vectors.push(...(await thread.ask({ model: folder ?? model, texts: texts.slice(start, start + BATCH) })));
      const other = vectors.find((vector) => vector.length !== width)?.length;
      if (other === undefined) return vectors;
      throw new ModelFailedError(
        `The embedding model ${name} gives vectors of ${other} numbers, not ${width}; set MEMORY_EMBEDDING_DIM to ${other}.`,
      );
    },
    close: thread.close,
  };
}

/** A graph remembers the model's name: the same model in another folder is the same. */
const nameOf = (model: string): string => model.split(/[\\/]/).filter(Boolean).at(-1) ?? model;

function dimensionIn(folder: string): number {
  try {
    const { hidden_size: size } = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as {
      hidden_size?: unknown;
    };
    if (typeof size === 'number' && size > 0) return size;
  } catch {
    // Reported below.
  }
  throw new ConfigError(
    `${folder} holds no sentence encoder; MEMORY_EMBEDDING_MODEL needs a folder with config.json, tokenizer.json and onnx/model.onnx.`,
  );
}
