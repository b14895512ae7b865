import { expect, test } from 'vitest';
import { MemoryManager } from '../../../src/memory.ts';
import { startWorkers } from '../../../workers/main.ts';
import { plainEmbedder, summarizingModel } from '../../support/models.ts';
import { useStores } from '../../support/stores.ts';

const stores = useStores();

test('a stored session becomes a saga, and connected entities become a community', async () => {
  const running = await startWorkers(stores.config, ['store'], {
    languageModel: summarizingModel(),
    embedder: plainEmbedder(),
  });
  const memory = new MemoryManager(stores.config);
  const store = async (content: string, day: string) =>
    memory.waitFor(await memory.enqueueEpisode(content, null, { saga: 'session', referenceTime: new Date(day) }));

  await Promise.all([store('Harbor uses Redis.', '2025-01-02'), store('Quay uses Node.', '2025-01-01')]);
  const built = await memory.communities.build();
  const told = await memory.sagas.summarize('session');

  expect(built).toEqual({ communities: 2, members: 4 });
  expect(told).toEqual({ name: 'session', summary: 'saga of 2.' });
  expect(await memory.sagas.list()).toEqual([
    { name: 'session', episodes: 2, first: new Date('2025-01-01'), last: new Date('2025-01-02') },
  ]);
  expect((await memory.sagas.get('session')).episodes.map(({ referenceTime }) => referenceTime)).toEqual([
    new Date('2025-01-01'),
    new Date('2025-01-02'),
  ]);
  await memory.close();
  await running.close();
});
