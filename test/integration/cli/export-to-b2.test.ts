import { readdir } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { b2Store } from '../../../src/archive/stores/b2/b2-store.ts';
import { type RunningWorkers, startWorkers } from '../../../workers/main.ts';
import { environmentOf, failedWith, runCommand } from '../../support/command-line.ts';
import { type FakeB2, startFakeB2 } from '../../support/fake-b2/index.ts';
import { plainModel } from '../../support/models.ts';
import { readStored } from '../../support/store-contract.ts';
import { newGroup, useStores } from '../../support/stores.ts';

const stores = useStores();
let b2: FakeB2;
let worker: RunningWorkers;

beforeAll(async () => {
  b2 = await startFakeB2();
  const config = { ...stores.config, b2: { ...b2.settings, prefix: 'memory/' } };
  worker = await startWorkers(config, ['store', 'export'], { languageModel: plainModel() });
});
afterEach(() => b2.repair());
afterAll(async () => {
  await worker?.close();
  await b2?.close();
});

/** A command line that knows nothing of B2, with a memory of its own that holds a fact. */
async function newMemory() {
  const group = newGroup();
  const run = (args: string[]) => runCommand(args, { ...environmentOf(stores.config), MEMORY_GROUP: group });
  expect(await run(['store', 'Harbor uses Redis.'])).toMatchObject({ status: 0, stderr: '' });
  return { group, run };
}

test('export prints the name of a file in the bucket that contains the whole memory as JSON', async () => {
  const { group, run } = await newMemory();

  const exported = await run(['export']);

  expect(exported).toMatchObject({ status: 0, stderr: '' });
  const [, name = ''] =
    /^Exported 1 episode, 2 entities and 1 fact \(\d+ kB\) to b2:\/\/archives\/memory\/(graphiti_export_[\dTZ.-]+\.json)\n$/.exec(
      exported.stdout,
    ) ?? [];
  const store = b2Store({ ...b2.settings, prefix: 'memory/' });
  const downloaded = await readStored(store, name);
  const document = JSON.parse(downloaded.toString());
  expect(document).toMatchObject({ format: 'memory-manager', group });
  expect(document.edges).toHaveLength(3);
  expect(downloaded).toEqual(b2.content(`memory/${name}`));
  expect(await store.list(name)).toMatchObject([{ name, bytes: downloaded.length }]);
  await expect(readdir(stores.config.exportDir)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('export continues without help when B2 is back', async () => {
  const { run } = await newMemory();
  const refusals = Array.from({ length: 5 }, () => ({ kind: 'refuse', status: 503, on: 'upload_file' }) as const);
  b2.fail(...refusals);

  const exported = await run(['export', '--json']);

  expect(JSON.parse(exported.stdout)).toMatchObject({ location: 'b2://archives/memory', episodes: 1 });
  expect(b2.names()).toContain(`memory/${JSON.parse(exported.stdout).file}`);
});

test('export reports that a cap is reached', async () => {
  const { run } = await newMemory();
  b2.fail(...Array.from({ length: 50 }, () => ({ kind: 'refuse', status: 403, on: 'upload_file' }) as const));
  const before = b2.names();

  const exported = await run(['export']);

  expect(exported).toMatchObject(failedWith(/the account of B2_KEY_ID has reached a cap \(cap_exceeded\)/));
  expect(b2.names()).toEqual(before);
});

test('a worker with incomplete B2 settings does not start', async () => {
  const started = await runCommand(['worker'], { ...environmentOf(stores.config), B2_KEY_ID: 'key0' });

  expect(started).toMatchObject(
    failedWith(/^Exports are to go to Backblaze B2, but B2_APP_KEY and B2_BUCKET are missing;/),
  );
});
