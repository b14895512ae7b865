import type { Config } from '../config.ts';
import { ConfigError } from '../errors.ts';
import type { Embedder } from './embedder.ts';
import type { LanguageModel } from './language-model.ts';

// Models are loaded when they are needed: an answer from the cache needs none.

/** @throws ConfigError when the settings name no model that is there */
export async function chooseLanguageModel(config: Config): Promise<LanguageModel> {
  checkLocal(config);
  const { localLanguageModel } = await import('./local/language-model.ts');
  return localLanguageModel();
}

/** @throws ConfigError when the settings name no model that is there */
export async function chooseEmbedder(config: Config): Promise<Embedder> {
  checkLocal(config);
  const { localEmbedder } = await import('./local/embedder.ts');
  return localEmbedder();
}

/** @throws ConfigError */
export function checkLocal({ models }: Config): void {
  if (models === 'openai')
    throw new ConfigError(
      'OpenAI models are not part of this version yet; set MEMORY_MODELS=local to use the local ones.',
    );
  if (models === undefined)
    throw new ConfigError('No models are chosen; set MEMORY_MODELS=local to use the local ones, which need no key.');
}
