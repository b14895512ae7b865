import type { EmbedderProvider } from '../declarations.ts';

const embedder: EmbedderProvider = {
  isRemote: false,
  sharedSettings: ['MEMORY_EMBEDDING_MODEL', 'MEMORY_EMBEDDING_DIM', 'MEMORY_EMBEDDING_BASE_URL'],
  defaultModel: 'a small multilingual model',
  modelName: () => undefined,
  load: async (embeddings) => (await import('./embedder.ts')).transformersEmbedder(embeddings),
};

export const TRANSFORMERS = { embedder };
