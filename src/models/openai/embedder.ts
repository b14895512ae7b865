import { APIError } from 'openai';
import type { OpenAISettings } from '../../config.ts';
import { ModelFailed } from '../../errors.ts';
import type { Embedder } from '../embedder.ts';
import type { TokenUse } from '../language-model.ts';
import { type ConnectionOptions, openConnection } from './connection.ts';
import { embeddable, embeddingBatches } from './embedding-batches.ts';
import { fitted } from './vectors.ts';

type Note = (use: TokenUse) => void;

/**
 * Vectors of OpenAI or of a server that speaks its protocol (`/embeddings`). Longer vectors than wanted are cut by the server
 * where it can, else here.
 */
export function openaiEmbedder(settings: OpenAISettings, options?: ConnectionOptions): Embedder {
  const { embeddingModel: model, dimension } = settings;
  const connection = openConnection(settings, model, 'MEMORY_EMBEDDING_MODEL', options);
  // Only OpenAI's third generation takes the parameter; others refuse it.
  let dimensions = /text-embedding-3/.test(model);

  async function embedBatch(input: string[], note: Note): Promise<number[][]> {
    const asked = dimensions;
    try {
      const reply: unknown = await connection.send((client, { signal }) =>
        // No encoding is named: the package then asks for base64, a third of the bytes, and takes numbers as well.
        client.embeddings.create({ model, input, ...(asked && { dimensions: dimension }) }, { signal }),
      );
      note({ purpose: 'embed', model, promptTokens: tokensOf(reply), completionTokens: 0 });
      return vectorsOf(reply, input.length);
    } catch (error) {
      if (!asked || !refusesDimensions(error)) throw connection.failure(error);
      dimensions = false;
      return embedBatch(input, note);
    }
  }

  function vectorsOf(reply: unknown, count: number): number[][] {
    const rows = (reply as { data: { index?: unknown; embedding: ArrayLike<unknown> }[] }).data;
    if (rows.length !== count)
      throw new ModelFailed(`The embedding model ${model} gave ${rows.length} vectors for ${count} texts.`);
    const ordered = rows.every(({ index }) => typeof index === 'number')
      ? [...rows].sort((a, b) => Number(a.index) - Number(b.index))
      : rows;
    return ordered.map(({ embedding }) => {
      const vector = fitted(embedding, dimension);
      if (vector) return vector;
      throw new ModelFailed(
        embedding.length < dimension
          ? `The embedding model ${model} gives vectors of ${embedding.length} numbers, not ${dimension}; set MEMORY_EMBEDDING_DIM to ${embedding.length} or less.`
          : `The embedding model ${model} gave a vector without direction.`,
      );
    });
  }

  return {
    model,
    dimension,
    async embed(texts, note = () => {}) {
      const vectors: number[][] = [];
      // One after the other: several at once only meet the server's limits sooner.
      for (const batch of embeddingBatches(texts.map(embeddable))) vectors.push(...(await embedBatch(batch, note)));
      return vectors;
    },
    close: async () => connection.close(),
  };
}

function refusesDimensions(error: unknown): boolean {
  return (
    error instanceof APIError &&
    [400, 422].includes(error.status ?? 0) &&
    /dimension|matryoshka/i.test(`${error.param} ${error.message}`)
  );
}

/** Servers that do not count say nothing. */
function tokensOf(reply: unknown): number {
  const tokens = (reply as { usage?: { prompt_tokens?: unknown } } | null)?.usage?.prompt_tokens;
  return typeof tokens === 'number' ? tokens : 0;
}
