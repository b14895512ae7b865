import { existsSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';

export interface EncodeRequest {
  /** An absolute folder, or a model's id. */
  readonly model: string;
  readonly texts: readonly string[];
}

type Encode = (
  texts: readonly string[],
  options: { pooling: 'mean'; normalize: true },
) => Promise<{ tolist(): number[][] }>;
/** The part of the package that is used; it has no types here, since it is not installed with ours. */
interface Transformers {
  readonly env: { allowRemoteModels: boolean; localModelPath: string };
  pipeline(task: 'feature-extraction', model: string, options: { dtype: string }): Promise<Encode>;
}

const PACKAGE = '@huggingface/transformers';
/** Only the beginning of a text is encoded: a model reads 128 to 512 tokens. */
const ENCODED_CHARACTERS = 2_000;

let loading: Promise<Encode> | undefined;

export default async function encode({ model, texts }: EncodeRequest): Promise<number[][]> {
  loading ??= load(model);
  // Reset, so that a missing package or file can be installed later.
  loading.catch(() => {
    loading = undefined;
  });
  const run = await loading;
  const encoded = await run(
    texts.map((text) => text.trim().slice(0, ENCODED_CHARACTERS) || '.'),
    { pooling: 'mean', normalize: true },
  );
  // Six digits are more precise than the model, and vectors are sent as text.
  return encoded.tolist().map((vector) => vector.map((component) => Math.round(component * 1e6) / 1e6));
}

async function load(model: string): Promise<Encode> {
  const { env, pipeline } = await transformers();
  const isFolder = isAbsolute(model);
  if (!isFolder) return pipeline('feature-extraction', model, { dtype: 'q8' });
  env.allowRemoteModels = false;
  env.localModelPath = dirname(model);
  const dtype = existsSync(join(model, 'onnx', 'model_quantized.onnx')) ? 'q8' : 'fp32';
  return pipeline('feature-extraction', basename(model), { dtype });
}

async function transformers(): Promise<Transformers> {
  try {
    return (await import(PACKAGE)) as unknown as Transformers;
  } catch (cause) {
    throw new Error(`MEMORY_EMBEDDINGS=transformers needs the package ${PACKAGE}; install it next to memory-manager`, {
      cause,
    });
  }
}
