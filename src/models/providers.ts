import { ConfigError } from '../errors.ts';
import {
  EMBEDDERS,
  type EmbedderProvider,
  LANGUAGE_MODELS,
  type LanguageModelProvider,
  type ModelSettings,
} from './declarations.ts';
import type { Embedder } from './embedder.ts';
import type { LanguageModel } from './language-model.ts';

export const languageModelProvider = ({ models }: Pick<ModelSettings, 'models'>): LanguageModelProvider =>
  LANGUAGE_MODELS[models];

export const embedderProvider = ({ embeddings }: Pick<ModelSettings, 'embeddings'>): EmbedderProvider =>
  EMBEDDERS[embeddings.provider];

/** @throws ConfigError if the settings cannot work with any model */
export async function loadLanguageModel(settings: ModelSettings): Promise<LanguageModel> {
  checkModels(settings);
  return languageModelProvider(settings).load(settings);
}

/** @throws ConfigError if the settings cannot work with any model */
export async function loadEmbedder(settings: ModelSettings): Promise<Embedder> {
  checkModels(settings);
  return embedderProvider(settings).load(settings.embeddings);
}

/**
 * Refuses settings with which no model could answer, without loading one.
 * @throws ConfigError
 */
export function checkModels(settings: ModelSettings): void {
  const problem =
    languageModelProvider(settings).problem?.(settings) ?? embedderProvider(settings).problem?.(settings.embeddings);
  if (problem !== undefined) throw new ConfigError(problem);
}
