import { APIError } from 'openai';
import type { EmbeddingSettings } from '../../config.ts';
import { ModelFailedError } from '../../errors.ts';
import type { Embedder } from '../embedder.ts';
import type { TokenUse } from '../language-model.ts';
import { type ConnectionOptions, openConnection } from './connection.ts';
import { embeddable, embeddingBatches, SHORTEST_TEXT } from './embedding-batches.ts';
import { isAboutText, isTooLarge } from './failures.ts';
import { readJsonBody } from './stream.ts';
import { normalizedVector } from './vectors.ts';

type OnUse = (use: TokenUse) => void;

/** What is known of the server. */
interface Capabilities {
  /** Only OpenAI's third generation takes the parameter; others refuse it. */
  readonly dimensions: boolean;
  /** A third of the bytes, where the server speaks it. */
  readonly base64: boolean;
}

const EMBEDDING_NAMES = {
  model: 'MEMORY_EMBEDDING_MODEL',
  address: 'MEMORY_EMBEDDING_BASE_URL or OPENAI_BASE_URL',
  key: 'MEMORY_EMBEDDING_API_KEY or OPENAI_API_KEY',
};
/** Shows whether the server answers at all. */
const PROBE = ['.'];

/**
 * Vectors of OpenAI or of a server that speaks its protocol (`/embeddings`). Vectors longer than requested are cut by the server
 * where it can, else here. A server that refuses a request is asked for less: fewer texts, numbers instead of base64, no
 * `dimensions`, a shorter text; what helped is remembered.
 */
export function openaiEmbedder(settings: Omit<EmbeddingSettings, 'by'>, options?: ConnectionOptions): Embedder {
  const { model = 'text-embedding-3-small', dimension = 1024 } = settings;
  const connection = openConnection(settings, model, EMBEDDING_NAMES, options);
  let known: Capabilities = { dimensions: /text-embedding-3/.test(model), base64: true };
  let hasAnswered = false;
  /** Texts in a request. */
  let batchLimit = Number.POSITIVE_INFINITY;

  async function embedBatch(texts: readonly string[], onUse: OnUse): Promise<number[][]> {
    if (texts.length > batchLimit) return embedAll(texts, onUse);
    const text = JSON.stringify(texts);
    try {
      const vectors = await embedOnce(texts, onUse);
      connection.answered(text);
      return vectors;
    } catch (error) {
      if (isRefusal(error) && texts.length > 1) return embedHalves(texts, onUse);
      if (isTooLarge(error) && (texts[0] ?? '').length > SHORTEST_TEXT)
        return embedBatch([firstHalf(texts[0] ?? '')], onUse);
      throw await connection.failure(error, { text, probe: () => request(PROBE, known) });
    }
  }

  /** Smaller requests are kept to where both halves are taken; else it was one text that was refused. */
  async function embedHalves(texts: readonly string[], onUse: OnUse): Promise<number[][]> {
    const half = Math.ceil(texts.length / 2);
    const vectors = [
      ...(await embedBatch(texts.slice(0, half), onUse)),
      ...(await embedBatch(texts.slice(half), onUse)),
    ];
    batchLimit = Math.min(batchLimit, half);
    return vectors;
  }

  async function embedAll(texts: readonly string[], onUse: OnUse): Promise<number[][]> {
    const vectors: number[][] = [];
    // One after the other: several at once only meet the server's limits sooner.
    for (const batch of embeddingBatches(texts, batchLimit)) vectors.push(...(await embedBatch(batch, onUse)));
    return vectors;
  }

  /** Asks for less until the server takes it. Throws what the `openai` package throws. */
  async function embedOnce(texts: readonly string[], onUse: OnUse): Promise<number[][]> {
    let capabilities = known;
    for (;;) {
      try {
        const vectors = await request(texts, capabilities, onUse);
        known = capabilities;
        hasAnswered = true;
        return vectors;
      } catch (error) {
        const reduced =
          withoutRefusedFeature(capabilities, error) ??
          (texts.length === 1 && !hasAnswered && withFewerFeatures(capabilities, error));
        if (!reduced) throw error;
        capabilities = reduced;
      }
    }
  }

  async function request(
    texts: readonly string[],
    capabilities: Capabilities,
    onUse: OnUse = () => {},
  ): Promise<number[][]> {
    const reply = await connection.send(async (client, { signal, watch }) => {
      const body = {
        model,
        input: [...texts],
        encoding_format: capabilities.base64 ? ('base64' as const) : ('float' as const),
        ...(capabilities.dimensions && { dimensions: dimension }),
      };
      return readJsonBody(await client.embeddings.create(body, { signal }).asResponse(), watch);
    });
    onUse({ purpose: 'embed', model, promptTokens: tokensOf(reply), completionTokens: 0 });
    return vectorsOf(reply, texts.length);
  }

  function vectorsOf(reply: unknown, count: number): number[][] {
    const { data: rows } = reply as { data: { index?: unknown; embedding: ArrayLike<unknown> | string }[] };
    if (!Array.isArray(rows)) throw new TypeError('no list of vectors');
    if (rows.length !== count)
      throw new ModelFailedError(`The embedding model ${model} gave ${rows.length} vectors for ${count} texts.`);
    const ordered = rows.every(({ index }) => typeof index === 'number')
      ? [...rows].sort((a, b) => Number(a.index) - Number(b.index))
      : rows;
    return ordered.map(({ embedding }) => {
      const numbers = typeof embedding === 'string' ? floatsIn(embedding) : embedding;
      const vector = normalizedVector(numbers, dimension);
      if (vector) return vector;
      throw new ModelFailedError(
        numbers.length < dimension
          ? `The embedding model ${model} gives vectors of ${numbers.length} numbers, not ${dimension}; set MEMORY_EMBEDDING_DIM to ${numbers.length} or less.`
          : `The embedding model ${model} gave a vector without direction.`,
      );
    });
  }

  return {
    model,
    dimension,
    embed: (texts, onUse = () => {}) => embedAll(texts.map(embeddable), onUse),
    close: async () => connection.close(),
  };
}

/** A refusal that fewer texts may avoid, in whatever words. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof APIError)) return false;
  return isTooLarge(error) || ([400, 413, 422].includes(error.status ?? 0) && !isAboutText(error));
}

function withoutRefusedFeature(capabilities: Capabilities, error: unknown): Capabilities | undefined {
  if (!(error instanceof APIError) || ![400, 415, 422, 500, 501].includes(error.status ?? 0)) return undefined;
  const words = `${error.param} ${error.message}`;
  if (capabilities.dimensions && /dimension|matryoshka/i.test(words)) return { ...capabilities, dimensions: false };
  return capabilities.base64 && /encoding_format|base64/i.test(words) ? { ...capabilities, base64: false } : undefined;
}

/** For a refusal whose words name nothing we know, as long as the server has answered nothing yet. */
function withFewerFeatures(capabilities: Capabilities, error: unknown): Capabilities | undefined {
  if (!(error instanceof APIError) || ![400, 415, 422].includes(error.status ?? 0) || isAboutText(error))
    return undefined;
  if (capabilities.base64) return { ...capabilities, base64: false };
  return capabilities.dimensions ? { ...capabilities, dimensions: false } : undefined;
}

function firstHalf(text: string): string {
  return text.slice(0, Math.floor(text.length / 2)).toWellFormed();
}

/** Little-endian float32. @throws TypeError for what is no such text */
function floatsIn(base64: string): Float32Array {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length % 4 !== 0) throw new TypeError('not float32 in base64');
  return new Float32Array(new Uint8Array(bytes).buffer);
}

/** Servers that do not count say nothing. */
function tokensOf(reply: unknown): number {
  const tokens = (reply as { usage?: { prompt_tokens?: unknown } } | null)?.usage?.prompt_tokens;
  return typeof tokens === 'number' ? tokens : 0;
}
