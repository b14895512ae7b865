import { expect, test } from 'vitest';
import { loadConfig } from '../../../src/config.ts';
import { ConfigError } from '../../../src/errors.ts';
import { checkModels, loadEmbedder, loadLanguageModel } from '../../../src/models/providers.ts';

const config = (environment: Record<string, string>) => loadConfig({ MEMORY_HOME: '/nowhere', ...environment });

test.each<[Record<string, string>, RegExp]>([
  [{ MEMORY_MODELS: 'openai' }, /^OpenAI needs a key; set OPENAI_API_KEY, .* or MEMORY_MODELS=local/],
  [{ OPENAI_BASE_URL: 'https://eu.api.openai.com/v1' }, /^OpenAI needs a key/],
])('%j is rejected before anything is loaded', async (environment, sentence) => {
  expect(() => checkModels(config(environment))).toThrow(ConfigError);
  expect(() => checkModels(config(environment))).toThrow(sentence);
  await expect(loadLanguageModel(config(environment))).rejects.toThrow(sentence);
  await expect(loadEmbedder(config(environment))).rejects.toThrow(sentence);
});

test.each<[Record<string, string>, string, string, number]>([
  [{ OPENAI_API_KEY: 'sk-1' }, 'gpt-4.1-mini/extract-2', 'text-embedding-3-small', 1024],
  [
    {
      OPENAI_BASE_URL: 'http://localhost:11434/v1',
      MEMORY_LLM_MODEL: 'qwen3',
      MEMORY_EMBEDDING_MODEL: 'nomic-embed-text',
      MEMORY_EMBEDDING_DIM: '768',
    },
    'qwen3/extract-2',
    'nomic-embed-text',
    768,
  ],
  [
    { MEMORY_MODELS: 'openai', OPENAI_BASE_URL: 'https://notopenai.com/v1' },
    'gpt-4.1-mini/extract-2',
    'text-embedding-3-small',
    1024,
  ],
])('%j opens the models it names', async (environment, id, embeddingModel, dimension) => {
  const model = await loadLanguageModel(config(environment));
  const embedder = await loadEmbedder(config(environment));

  expect(model.id).toBe(id);
  expect(embedder).toMatchObject({ model: embeddingModel, dimension });
  await Promise.all([model.close(), embedder.close()]);
});

test.each<[Record<string, string>, string, string, number]>([
  [
    { OPENAI_API_KEY: 'sk-1', MEMORY_EMBEDDINGS: 'local' },
    'gpt-4.1-mini/extract-2',
    'universal-sentence-encoder-lite',
    512,
  ],
  [
    { MEMORY_MODELS: 'local', MEMORY_EMBEDDINGS: 'openai', OPENAI_API_KEY: 'sk-1' },
    'local-rules-3',
    'text-embedding-3-small',
    1024,
  ],
  [{ MEMORY_EMBEDDING_BASE_URL: 'http://localhost:1/v1' }, 'local-rules-3', 'text-embedding-3-small', 1024],
  [
    { OPENAI_API_KEY: 'sk-1', MEMORY_EMBEDDINGS: 'transformers' },
    'gpt-4.1-mini/extract-2',
    'paraphrase-multilingual-MiniLM-L12-v2',
    384,
  ],
])(
  '%j: the language model and the embedder are chosen separately',
  async (environment, id, embeddingModel, dimension) => {
    const model = await loadLanguageModel(config(environment));
    const embedder = await loadEmbedder(config(environment));

    expect(model.id).toBe(id);
    expect(embedder).toMatchObject({ model: embeddingModel, dimension });
    await Promise.all([model.close(), embedder.close()]);
  },
);

test('an OpenAI key is not sent to another embedding server', () => {
  const { embeddings } = config({ OPENAI_API_KEY: 'sk-1', MEMORY_EMBEDDING_BASE_URL: 'http://localhost:1/v1' });

  expect(embeddings).toMatchObject({ provider: 'openai', apiKey: undefined, baseUrl: 'http://localhost:1/v1' });
});

test('OpenAI embeddings with local rules need a key', () => {
  expect(() => checkModels(config({ MEMORY_EMBEDDINGS: 'openai' }))).toThrow(/^OpenAI needs a key to make vectors/);
});

test('local models can be chosen despite a key', async () => {
  const model = await loadLanguageModel(config({ MEMORY_MODELS: 'local', OPENAI_API_KEY: 'sk-1' }));

  expect(model.id).toBe('local-rules-3');
  await model.close();
});
