import { afterAll, beforeAll } from 'vitest';
import { localEmbedder } from '../../../src/models/local/embedder.ts';
import { localLanguageModel } from '../../../src/models/local/language-model.ts';
import { openaiEmbedder } from '../../../src/models/openai/embedder.ts';
import { openaiLanguageModel } from '../../../src/models/openai/language-model.ts';
import { type FakeOpenAI, startFakeOpenAI } from '../../support/fake-openai/index.ts';
import { embedderContract, languageModelContract } from '../../support/model-contract.ts';
import { embeddingsFor, settingsFor } from './settings.ts';

let fake: FakeOpenAI;
let modest: FakeOpenAI;
beforeAll(async () => {
  fake = await startFakeOpenAI();
  modest = await startFakeOpenAI({ jsonSchema: false, jsonObject: false, dimensions: 'ignore', base64: false });
});
afterAll(() => Promise.all([fake.close(), modest.close()]));

languageModelContract('of local rules', async () => localLanguageModel());
languageModelContract('of OpenAI', async () => openaiLanguageModel(settingsFor(fake)));
languageModelContract('of a server without structured output', async () => openaiLanguageModel(settingsFor(modest)));

embedderContract('of the local encoder', async () => localEmbedder());
embedderContract('of OpenAI', async () => openaiEmbedder(embeddingsFor(fake)));
embedderContract('of a server that ignores the requested dimension', async () => openaiEmbedder(embeddingsFor(modest)));
