import { APIError } from 'openai';
import { ModelFailedError } from '../../errors.ts';
import type { EmbeddingSettings } from '../declarations.ts';
import type { Embedder } from '../embedder.ts';
import type { TokenUse } from '../language-model.ts';
import { type ConnectionOptions, openModelConnection } from './connection.ts';
import { OPENAI_EMBEDDING_DIMENSION, OPENAI_EMBEDDING_MODEL } from './declaration.ts';
import { isAboutText, isTooLarge } from './failures.ts';
import { readJsonBody } from './stream.ts';

type OnUse = (use: TokenUse) => void;

/** What the server supports, as far as known. */
interface Capabilities {
  /** Only OpenAI's third generation takes this parameter; others refuse it. */
  readonly dimensions: boolean;
  /** A third of the bytes, if the server supports it. */
  readonly base64: boolean;
}

const EMBEDDING_NAMES = {
  model: 'MEMORY_EMBEDDING_MODEL',
  address: 'MEMORY_EMBEDDING_BASE_URL or OPENAI_BASE_URL',
  key: 'MEMORY_EMBEDDING_API_KEY or OPENAI_API_KEY',
};
/** Tests whether the server answers at all. */
const PROBE = ['.'];

/**
 * Vectors of OpenAI or of a server that speaks its protocol (`/embeddings`). Vectors longer than requested are cut by the server
 * if it can, else here. If the server refuses a request, the next one asks for less: fewer texts, numbers instead of base64, no
 * `dimensions`, a shorter text. Smaller requests that succeeded are remembered.
 */
export function openaiEmbedder(settings: Omit<EmbeddingSettings, 'provider'>, options?: ConnectionOptions): Embedder {
  const { model = OPENAI_EMBEDDING_MODEL, dimension = OPENAI_EMBEDDING_DIMENSION } = settings;
  const connection = openModelConnection(settings, model, EMBEDDING_NAMES, options);
  let supported: Capabilities = { dimensions: /text-embedding-3/.test(model), base64: true };
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
      if (isTooLarge(error) && (texts[0] ?? '').length > MIN_TEXT)
        return embedBatch([firstHalf(texts[0] ?? '')], onUse);
      throw await connection.failure(error, { text, probe: () => request(PROBE, supported) });
    }
  }

  /** The batch limit falls only if the server takes both halves; otherwise it refused one text. */
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
    // One at a time: parallel calls only reach the server's limits sooner.
    for (const batch of embeddingBatches(texts, batchLimit)) vectors.push(...(await embedBatch(batch, onUse)));
    return vectors;
  }

  /** Asks for less until the server takes the request. Throws the errors of the `openai` package. */
  async function embedOnce(texts: readonly string[], onUse: OnUse): Promise<number[][]> {
    let capabilities = supported;
    for (;;) {
      try {
        const vectors = await request(texts, capabilities, onUse);
        supported = capabilities;
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
    const reply = await connection.send(async (client, { signal, watchdog }) => {
      const body = {
        model,
        input: [...texts],
        encoding_format: capabilities.base64 ? ('base64' as const) : ('float' as const),
        ...(capabilities.dimensions && { dimensions: dimension }),
      };
      return readJsonBody(await client.embeddings.create(body, { signal }).asResponse(), watchdog);
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
    embed: (texts, onUse = () => {}) => embedAll(texts.map(embeddableText), onUse),
    close: async () => connection.close(),
  };
}

/** True for a refusal that a smaller request may avoid, in any words. */
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

/** For a refusal in unknown words, as long as the server has not answered yet. */
function withFewerFeatures(capabilities: Capabilities, error: unknown): Capabilities | undefined {
  if (!(error instanceof APIError) || ![400, 415, 422].includes(error.status ?? 0) || isAboutText(error))
    return undefined;
  if (capabilities.base64) return { ...capabilities, base64: false };
  return capabilities.dimensions ? { ...capabilities, dimensions: false } : undefined;
}

function firstHalf(text: string): string {
  return text.slice(0, Math.floor(text.length / 2)).toWellFormed();
}

/** Little-endian float32. @throws TypeError if the length does not fit */
function floatsIn(base64: string): Float32Array {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length % 4 !== 0) throw new TypeError('not float32 in base64');
  return new Float32Array(new Uint8Array(bytes).buffer);
}

/** 0 for servers that do not count. */
function tokensOf(reply: unknown): number {
  const tokens = (reply as { usage?: { prompt_tokens?: unknown } } | null)?.usage?.prompt_tokens;
  return typeof tokens === 'number' ? tokens : 0;
}

const MOST_TEXTS = 256;
const MOST_CHARACTERS = 200_000;
/** About 8,000 tokens, which is what OpenAI's models take. */
const LONGEST_TEXT = 24_000;
/** A text that the server finds too long is not cut shorter than this. */
export const MIN_TEXT = 200;

/** A text as it is embedded: on one line, no longer than models take, and not empty, because servers refuse empty texts. */
export function embeddableText(text: string): string {
  const line = text
    .slice(0, LONGEST_TEXT)
    .toWellFormed()
    .replace(/[\r\n]+/g, ' ');
  return line.trim() === '' ? '.' : line;
}

/**
 * The texts in batches that servers take, in the same order.
 * @param most texts per request
 */
export function embeddingBatches(texts: readonly string[], most = MOST_TEXTS): string[][] {
  const batches: string[][] = [];
  let room = 0;
  for (const text of texts) {
    const last = batches.at(-1);
    if (last && last.length < Math.min(most, MOST_TEXTS) && text.length <= room) last.push(text);
    else {
      batches.push([text]);
      room = MOST_CHARACTERS;
    }
    room -= text.length;
  }
  return batches;
}

/**
 * A server's vector as the graph stores it: the first `dimension` numbers, scaled to length 1 (Matryoshka vectors may be cut like
 * this: Kusupati et al. 2022). Six decimals change a cosine by two millionths at most and take a third of the bytes.
 * Undefined if there are fewer numbers, or if they have no finite length.
 */
export function normalizedVector(numbers: ArrayLike<unknown>, dimension: number): number[] | undefined {
  if (numbers.length < dimension) return undefined;
  const vector: number[] = [];
  let squares = 0;
  // A plain loop, because this runs for each number of each vector.
  for (let index = 0; index < dimension; index += 1) {
    const value = Number(numbers[index]);
    squares += value * value;
    vector.push(value);
  }
  const length = Math.sqrt(squares);
  if (!Number.isFinite(length) || length === 0) return undefined;
  return vector.map((value) => Math.round((value / length) * 1e6) / 1e6);
}
