import type { Config } from '../../../src/config.ts';
import type { EmbeddingSettings } from '../../../src/models/declarations.ts';
import type { OpenAISettings } from '../../../src/models/openai/declaration.ts';
import type { FakeOpenAI } from '../../support/fake-openai/index.ts';

type Server = Pick<FakeOpenAI, 'url'>;

/** Settings by which the language model asks the fake server. */
export function settingsFor(fake: Server, other: Partial<OpenAISettings> = {}): OpenAISettings {
  return { apiKey: 'sk-test', baseUrl: fake.url, model: 'gpt-4.1-mini', ...other };
}

/** The same for vectors. */
export function embeddingsFor(fake: Server, other: Partial<EmbeddingSettings> = {}): EmbeddingSettings {
  return { provider: 'openai', apiKey: 'sk-test', baseUrl: fake.url, ...other };
}

/** What a config needs for both. */
export function modelsAt(fake: Server): Pick<Config, 'models' | 'openai' | 'embeddings'> {
  return { models: 'openai', openai: settingsFor(fake), embeddings: embeddingsFor(fake) };
}
