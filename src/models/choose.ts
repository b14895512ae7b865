import type { Config, ModelServer } from '../config.ts';
import { ConfigError } from '../errors.ts';
import type { Embedder } from './embedder.ts';
import type { LanguageModel } from './language-model.ts';

// Models are loaded when they are needed: an answer from the cache needs none.

/** @throws ConfigError when the settings name no model that can be asked */
export async function chooseLanguageModel(config: Config): Promise<LanguageModel> {
  checkModels(config);
  if (config.models === 'openai') {
    const { openaiLanguageModel } = await import('./openai/language-model.ts');
    return openaiLanguageModel(config.openai);
  }
  const { localLanguageModel } = await import('./local/language-model.ts');
  return localLanguageModel();
}

/** @throws ConfigError when the settings name no model that can be asked */
export async function chooseEmbedder(config: Config): Promise<Embedder> {
  checkModels(config);
  const { embeddings } = config;
  switch (embeddings.by) {
    case 'openai': {
      const { openaiEmbedder } = await import('./openai/embedder.ts');
      return openaiEmbedder(embeddings);
    }
    case 'transformers': {
      const { transformersEmbedder } = await import('./transformers/embedder.ts');
      return transformersEmbedder(embeddings);
    }
    case 'local': {
      const { localEmbedder } = await import('./local/embedder.ts');
      return localEmbedder();
    }
  }
}

/**
 * Refuses settings with which no model could ever answer, without loading or asking one.
 * @throws ConfigError
 */
export function checkModels({ models, openai, embeddings }: Pick<Config, 'models' | 'openai' | 'embeddings'>): void {
  if (models === 'openai' && lacksKey(openai))
    throw new ConfigError(
      'OpenAI needs a key; set OPENAI_API_KEY, or OPENAI_BASE_URL for a compatible server, or MEMORY_MODELS=local to use the local models, which need no key.',
    );
  if (embeddings.by === 'openai' && lacksKey(embeddings))
    throw new ConfigError(
      'OpenAI needs a key to make vectors; set OPENAI_API_KEY or MEMORY_EMBEDDING_API_KEY, or MEMORY_EMBEDDING_BASE_URL for a compatible server, or MEMORY_EMBEDDINGS=local.',
    );
}

/** Compatible servers on one's own machine often want no key; OpenAI's own always do. */
function lacksKey({ apiKey, baseUrl }: ModelServer): boolean {
  return !apiKey && (baseUrl === undefined || /(?:^|\.)openai\.com$/.test(new URL(baseUrl).hostname));
}
