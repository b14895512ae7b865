import type { OpenAISettings } from '../../../src/config.ts';
import type { FakeOpenAI } from '../../support/fake-openai/index.ts';

/** Settings by which the models ask the fake server. */
export function settingsFor(fake: Pick<FakeOpenAI, 'url'>, other: Partial<OpenAISettings> = {}): OpenAISettings {
  return {
    apiKey: 'sk-test',
    baseUrl: fake.url,
    model: 'gpt-4.1-mini',
    embeddingModel: 'text-embedding-3-small',
    dimension: 1024,
    ...other,
  };
}
