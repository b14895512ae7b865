import * as z from 'zod/mini';
import { nonEmptyText, objectOf } from '../../input-shapes.ts';
import { secret, serverAddress, setting, text, type ValuesOf } from '../../setting.ts';
import type { EmbedderProvider, LanguageModelProvider, ModelServer } from '../declarations.ts';

/** OpenAI's language model, or that of a server that speaks its protocol. */
export interface OpenAISettings extends ModelServer {
  readonly model: string;
}

const variables = {
  OPENAI_API_KEY: secret('key of OpenAI or a compatible server; if set, MEMORY_MODELS is openai by default'),
  OPENAI_BASE_URL: setting(
    z.optional(serverAddress),
    undefined,
    'address of a compatible server; if set, MEMORY_MODELS is openai by default',
  ),
  MEMORY_LLM_MODEL: setting(
    text,
    'gpt-4.1-mini',
    'OpenAI model that reads episodes and decides about duplicates and contradictions',
  ),
};

const read = (values: ValuesOf<typeof variables>): OpenAISettings => ({
  apiKey: values.OPENAI_API_KEY,
  baseUrl: values.OPENAI_BASE_URL,
  model: values.MEMORY_LLM_MODEL,
});

const shape = () => objectOf<OpenAISettings>({ apiKey: nonEmptyText, baseUrl: nonEmptyText, model: nonEmptyText });

const languageModel: LanguageModelProvider = {
  isRemote: true,
  chosenBy: ['OPENAI_API_KEY', 'OPENAI_BASE_URL'],
  sharedSettings: ['OPENAI_BASE_URL', 'MEMORY_LLM_MODEL'],
  // Of 2025.
  prices: {
    'gpt-5': [1.25, 10],
    'gpt-5-mini': [0.25, 2],
    'gpt-5-nano': [0.05, 0.4],
    'gpt-4.1': [2, 8],
    'gpt-4.1-mini': [0.4, 1.6],
    'gpt-4.1-nano': [0.1, 0.4],
    'gpt-4o': [2.5, 10],
    'gpt-4o-mini': [0.15, 0.6],
    'o4-mini': [1.1, 4.4],
  },
  problem: ({ openai }) =>
    lacksKey(openai)
      ? 'OpenAI needs a key; set OPENAI_API_KEY, or OPENAI_BASE_URL for a compatible server, or MEMORY_MODELS=local to use the local models, which need no key.'
      : undefined,
  modelName: ({ openai }) => openai.model,
  check: async ({ openai }) => (await import('./language-model.ts')).checkOpenaiModel(openai),
  load: async ({ openai }) => (await import('./language-model.ts')).openaiLanguageModel(openai),
};

export const [OPENAI_EMBEDDING_MODEL, OPENAI_EMBEDDING_DIMENSION] = ['text-embedding-3-small', 1024];

const embedder: EmbedderProvider = {
  isRemote: true,
  sharedSettings: ['MEMORY_EMBEDDING_MODEL', 'MEMORY_EMBEDDING_DIM', 'MEMORY_EMBEDDING_BASE_URL'],
  defaultModel: OPENAI_EMBEDDING_MODEL,
  defaultDimension: OPENAI_EMBEDDING_DIMENSION,
  prices: { 'text-embedding-3-small': [0.02, 0], 'text-embedding-3-large': [0.13, 0] },
  problem: (embeddings) =>
    lacksKey(embeddings)
      ? 'OpenAI needs a key to make vectors; set OPENAI_API_KEY or MEMORY_EMBEDDING_API_KEY, or MEMORY_EMBEDDING_BASE_URL for a compatible server, or MEMORY_EMBEDDINGS=local.'
      : undefined,
  modelName: ({ model = OPENAI_EMBEDDING_MODEL }) => model,
  load: async (embeddings) => (await import('./embedder.ts')).openaiEmbedder(embeddings),
};

/** Compatible servers on the user's machine often need no key; OpenAI always does. */
function lacksKey({ apiKey, baseUrl }: ModelServer): boolean {
  return !apiKey && (baseUrl === undefined || /(?:^|\.)openai\.com$/.test(new URL(baseUrl).hostname));
}

export const OPENAI = { variables, read, shape, languageModel, embedder };
