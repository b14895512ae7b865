import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { graphName } from '../../../src/group.ts';
import { MemoryManager } from '../../../src/index.ts';
import { journalKey } from '../../../src/journal/stream.ts';
import { startWorkers } from '../../../workers/main.ts';
import { environmentOf, failedWith, runCommand } from '../../support/command-line.ts';
import { plainEmbedder, plainModel } from '../../support/models.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

const stores = useStores();

async function lose(group: string): Promise<void> {
  const falkordb = new Redis(stores.config.falkordb.port, stores.config.falkordb.host);
  await falkordb.call('GRAPH.DELETE', graphName(group));
  falkordb.disconnect();
}

test('archive rebuild restores what a worker stored and enqueues again the episodes that the journal lacks', async () => {
  const config = { ...stores.config, group: newGroup() };
  const model = plainModel();
  const extract = model.extract;
  model.extract = async (episode) => {
    if (!episode.content.startsWith('Poison')) return extract(episode);
    throw Object.assign(new Error('The model cannot read this.'), { name: 'UnusableReplyError' });
  };
  const running = await startWorkers(config, ['store', 'export'], { languageModel: model, embedder: plainEmbedder() });
  const memory = new MemoryManager(config, { embedder: plainEmbedder() });
  const run = (...args: string[]) => runCommand(args, environmentOf(config));
  const store = async (content: string) => memory.waitFor(await memory.enqueueEpisode(content));
  await store('Harbor uses Redis.');
  await store('Quay uses Node.');
  await expect(store('Poison.')).rejects.toMatchObject({ name: 'JobFailedError' });
  const calls = model.calls;

  expect(await run('archive', 'rebuild')).toMatchObject(failedWith(/is not empty/));
  await lose(config.group);
  expect(await run('archive', 'rebuild')).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(
      /^Rebuilt the memory "\S+" from \d+ changes of the journal: 3 episodes, 4 entities and 2 facts\.\n$/,
    ),
  });
  expect(await memory.queryMemory('Quay')).toMatch(/Quay uses Node/);

  // A whole archive, and then a Valkey that lost its journal: what came since is read again, from the memo.
  const { file } = await memory.export();
  await store('Dock uses Rust.');
  const valkey = new Redis(config.valkey.port, config.valkey.host);
  await valkey.del(journalKey(valkey, config.group));
  valkey.disconnect();
  await lose(config.group);
  const told = JSON.parse((await run('archive', 'rebuild', '--json')).stdout);
  expect(told).toMatchObject({ file, episodes: 3, facts: 2, queuedAgain: 1, recordedAgain: 0 });
  await until('what was handed in again', async () => /Dock uses Rust/.test(await memory.queryMemory('Dock')));
  expect(model.calls).toBe(calls + 1);

  // What was stored after the archive and went with a restore on purpose does not come again.
  expect(await run('archive', 'restore', file, '--replace')).toMatchObject({ status: 0 });
  await lose(config.group);
  expect(JSON.parse((await run('archive', 'rebuild', '--json')).stdout)).toMatchObject({
    ...{ file, episodes: 3, facts: 2, complete: true, queuedAgain: 0, recordedAgain: 0 },
  });
  await memory.close();
  await running.close();
});
