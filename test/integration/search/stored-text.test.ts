import { expect, onTestFinished, test } from 'vitest';
import { MemoryManager } from '../../../src/memory.ts';
import { startWorkers } from '../../../workers/main.ts';
import { type FakeOpenAIOptions, startFakeOpenAI } from '../../support/fake-openai/index.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

const stores = useStores();

/** A memory of its own with a worker and a language model that behaves as the options say. */
async function openMemory(options: FakeOpenAIOptions) {
  const fake = await startFakeOpenAI(options);
  const config = {
    ...stores.config,
    ...{ group: newGroup(), queuePrefix: `{${newGroup()}}`, models: 'openai' as const },
    openai: { ...stores.config.openai, baseUrl: fake.url, apiKey: 'key' },
  };
  const memory = new MemoryManager(config);
  const workers = await startWorkers(config, ['store']);
  onTestFinished(async () => {
    // What hangs ends with the server.
    await fake.close();
    await workers.close();
    await memory.close();
  });
  return { fake, memory };
}

test('a text is found before a model has read it', async () => {
  const { fake, memory } = await openMemory({
    faultOf: ({ purpose }) => (purpose === 'extract' ? 'hang' : undefined),
  });
  await memory.enqueueEpisode('The labels of the harbour are rendered in Hamburg.');
  await until('the question to the model', () => fake.calls.some(({ purpose }) => purpose === 'extract'));

  const answer = await until('the text', async () => {
    const found = await memory.queryMemory('Where are the labels rendered?', 5, { cache: false });
    return found.includes('Hamburg') && found;
  });

  expect(answer).toMatch(/^- The labels of the harbour are rendered in Hamburg\. \(said \d{4}-\d\d-\d\d\)$/);
  expect(await memory.getJobCounts('store')).toMatchObject({ active: 1, completed: 0 });
});

test('a fact is not hidden because another fact, even an ended one, has the same sentence', async () => {
  const { memory } = await openMemory({});
  const sentence = 'Ann leads Harbor and Pier';
  const store = async (content: string, day: number) =>
    memory.waitFor(await memory.enqueueEpisode(content, null, { referenceTime: new Date(Date.UTC(2026, 2, day)) }));
  const targets = async () => {
    const { facts } = await memory.search('What does Ann lead?', 5, { cache: false });
    return facts.map(({ fact, target }) => `${fact}: ${target}`).sort();
  };
  const lead = (project: string) => `Ann [Person] LEADS{evidence="${sentence}."} ${project} [Project]: ${sentence}`;
  await store(`${sentence}.\n${lead('Harbor')}\n${lead('Pier')}`, 1);

  const before = await targets();
  await store('entity: Ann [Person]\nentity: Pier [Project]\nended: Ann / Pier @ 2026-03-02', 2);
  const after = await targets();

  expect(before).toEqual([`${sentence}: Harbor`, `${sentence}: Pier`]);
  expect(after).toEqual([`${sentence}: Harbor`]);
});
