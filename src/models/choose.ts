import type { Config } from '../config.ts';
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
  if (config.models === 'openai') {
    const { openaiEmbedder } = await import('./openai/embedder.ts');
    return openaiEmbedder(config.openai);
  }
  const { localEmbedder } = await import('./local/embedder.ts');
  return localEmbedder();
}

/**
 * Refuses settings with which no model could ever answer, without loading or asking one.
 * @throws ConfigError
 */
export function checkModels({ models, openai }: Pick<Config, 'models' | 'openai'>): void {
  if (models === 'openai' && !openai.apiKey && isOpenAI(openai.baseUrl))
    throw new ConfigError(
      'OpenAI needs a key; set OPENAI_API_KEY, or OPENAI_BASE_URL for a compatible server, or MEMORY_MODELS=local to use the local models, which need no key.',
    );
}

/** Compatible servers on one's own machine often want no key; OpenAI's own always do. */
function isOpenAI(baseUrl: string | undefined): boolean {
  return baseUrl === undefined || /(?:^|\.)openai\.com$/.test(new URL(baseUrl).hostname);
}
