import type { EmbedderProvider, LanguageModelProvider } from '../declarations.ts';

const languageModel: LanguageModelProvider = {
  isRemote: false,
  sharedSettings: [],
  modelName: () => undefined,
  load: async () => (await import('./language-model.ts')).localLanguageModel(),
};

const embedder: EmbedderProvider = {
  isRemote: false,
  sharedSettings: [],
  modelName: () => undefined,
  load: async () => (await import('./embedder.ts')).localEmbedder(),
};

export const LOCAL = { languageModel, embedder };
