import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Config } from '../../../src/config.ts';
import { type Server, startFalkorDB } from '../../../src/embedded/servers.ts';
import { MemoryManager } from '../../../src/memory.ts';
import { startWorkers } from '../../../workers/main.ts';
import { plainEmbedder, plainModel } from '../../support/models.ts';
import { newGroup, useStores } from '../../support/stores.ts';

const stores = useStores();
const closing: (() => Promise<unknown>)[] = [];
let second: Server;

beforeAll(async () => {
  second = await startFalkorDB();
  closing.push(() => second.stop());
});
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

async function install(own: Partial<Config>): Promise<MemoryManager> {
  const config = { ...stores.config, ...own };
  const parts = { languageModel: plainModel(), embedder: plainEmbedder() };
  const worker = await startWorkers(config, ['store', 'export'], parts);
  const memory = new MemoryManager(config, { embedder: plainEmbedder() });
  closing.push(
    () => worker.close(),
    () => memory.close(),
  );
  return memory;
}

test('two installations with the same Valkey and group but different prefixes are isolated from each other', async () => {
  const group = newGroup();
  const { host, port } = second;
  const own = (name: string) => ({ group, queuePrefix: `{${name}}`, exportDir: join(stores.config.home, name) });
  const one = await install(own('one'));
  const two = await install({ ...own('two'), falkordb: { host, port, tls: false } });

  // Both under the same key, so that everything that is named by the episode would be named alike.
  await one.waitFor(await one.enqueueEpisode('Harbor uses Redis.', null, { idempotencyKey: 'k' }));
  await two.waitFor(await two.enqueueEpisode('Harbor uses Valkey.', null, { idempotencyKey: 'k' }));
  const answers = await Promise.all([one.queryMemory('Harbor'), two.queryMemory('Harbor')]);
  await two.archives.rebuild({ replace: true });
  const rebuilt = await two.queryMemory('Harbor', 5, { cache: false });
  await one.forget({ entity: 'Harbor' });

  expect(answers[0]).toContain('Redis');
  expect(answers[0]).not.toContain('Valkey');
  expect(answers[1]).toContain('Valkey');
  expect(answers[1]).not.toContain('Redis');
  expect(rebuilt).toBe(answers[1]);
  expect(await two.queryMemory('Harbor')).toBe(answers[1]);
});
