import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { newEpisode } from '../../../src/episode.ts';
import { InvalidInputError } from '../../../src/errors.ts';
import { MemoryManager } from '../../../src/memory.ts';
import { STORE_OPTIONS, STORE_QUEUE, toStoreJob } from '../../../src/queue/jobs.ts';
import { openQueue } from '../../../src/queue/queues.ts';
import { openSpool } from '../../../src/queue/spool/spool.ts';
import { HOUR } from '../../../src/time.ts';
import { startWorkers } from '../../../workers/main.ts';
import { environmentOf, runCommand } from '../../support/command-line.ts';
import { storedTexts } from '../../support/faults/dump.ts';
import { plainModel } from '../../support/models.ts';
import { useStoreConnections } from '../../support/store-connections.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

const stores = useStores();
const opened = useStoreConnections(stores);
const closing: (() => unknown)[] = [];
const SECRET = 'Quillberry';
let memory: MemoryManager;
let falkordb: Redis;
/** What the model does before it reads. */
let before: (content: string) => Promise<void> = async () => {};

beforeAll(async () => {
  const languageModel = plainModel((content) => before(content));
  const running = await startWorkers(stores.config, ['store', 'export'], { languageModel });
  memory = new MemoryManager(stores.config);
  const { host, port } = stores.config.falkordb;
  falkordb = new Redis({ host, port });
  closing.push(
    () => running.close(),
    () => memory.close(),
    () => falkordb.disconnect(),
  );
});
afterEach(() => {
  before = async () => {};
});
afterAll(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const run = (...args: string[]) => runCommand(args, environmentOf(stores.config));

/** Where in Valkey, FalkorDB or the home folder something still has a text. */
async function placesOf(text: string): Promise<string[]> {
  const all = await storedTexts(opened.valkey, falkordb, stores.config.home);
  return all.filter(([, held]) => held.includes(text)).map(([place]) => place);
}

const stored = async (group: string, content: string, session = SECRET) =>
  memory.waitFor(await memory.enqueueEpisode(content, { session }, { group, saga: session }));

/** Leaves the text in the queue, among the dead letters, on the disk, in a scratch graph and in the cache. */
async function leaveEverywhere(group: string): Promise<string[]> {
  await stored(group, `Harbor uses ${SECRET}.`);
  before = async (content) => {
    if (content.includes('poison')) throw new InvalidInputError(content);
  };
  await stored(group, `Harbor is poison for ${SECRET}.`).catch(() => {});
  const queue = openQueue(STORE_QUEUE, opened.valkey, stores.config);
  closing.push(() => queue.close());
  const [queued, spooled] = ['queue', 'disk'].map((place) =>
    newEpisode(`In the ${place}: ${SECRET}.`, null, group, 1000, { uuid: randomUUID() }),
  );
  if (!queued || !spooled) throw new Error('There are two.');
  await queue.add('store', toStoreJob(queued), { ...STORE_OPTIONS, jobId: queued.uuid, delay: HOUR });
  openSpool(stores.config.home, 100).storeUnreadable([{ episode: spooled, hasCallerId: true, carrier: {} }]);
  await (await opened.graphs.checkpoint(group, 'k')).write('CREATE (:Entity {name: $name})', { name: SECRET });
  await memory.search(SECRET, 5, { group });
  return [queued.uuid, spooled.uuid];
}

test('a whole memory is removed everywhere while a worker reads one of its texts, and another memory stays', async () => {
  const [group, other] = [newGroup(), newGroup()];
  await stored(other, 'Lighthouse uses Brambleword.', 'another session');
  const unread = await leaveEverywhere(group);
  const { file } = await memory.export({ group });
  const [began, goesOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  before = async (content) => {
    if (!content.includes('Midway')) return;
    began.resolve();
    await goesOn.promise;
  };
  const midway = await memory.enqueueEpisode(`Midway uses ${SECRET}.`, undefined, { group });
  await began.promise;
  expect((await placesOf(SECRET)).length).toBeGreaterThan(5);

  const forgetting = memory.forgetGroup(group);
  await until('the job under way is emptied', async () => {
    const queue = openQueue(STORE_QUEUE, opened.valkey, stores.config);
    const data = await opened.valkey.hget(queue.toKey(midway.uuid), 'data');
    await queue.close();
    return data?.includes('forgotten');
  });
  goesOn.resolve();
  const forgotten = await forgetting;

  expect(await placesOf(SECRET)).toEqual([]);
  // A worker that makes briefings ahead may keep one of the empty memory.
  const keys = (await opened.valkey.keys(`*{${group}}*`)).filter((key) => !/^(?:lease|query):/.test(key));
  expect(keys.sort()).toEqual([`forgotten:{${group}}`, `version:{${group}}`]);
  expect(forgotten).toMatchObject({ group, dryRun: false, episodes: 3, outsideGraph: { spooled: 1 } });
  expect(forgotten.archives).toMatchObject({ files: [file], isDeleted: false, deletion: 'recorded' });
  expect(await readFile(join(stores.config.exportDir, file), 'utf8')).toContain(SECRET);
  const groups = (await memory.getGroups()).map((overview) => overview.group);
  expect(groups).toContain(other);
  expect(groups).not.toContain(group);
  expect((await memory.search('Brambleword', 5, { group: other })).passages).toHaveLength(1);
  // Handed in again under their uuids, nothing comes of them.
  for (const uuid of [...unread, midway.uuid])
    await memory.waitFor(await memory.enqueueEpisode(`Again: ${SECRET}.`, undefined, { group, uuid })).catch(() => {});
  expect(await memory.getGraphSize(group)).toMatchObject({ episodes: 0, entities: 0 });
});

test('a memory of the same name starts empty, can be rebuilt, and takes nothing from an older archive', async () => {
  const group = newGroup();
  await stored(group, `Harbor uses ${SECRET}.`);
  const { file } = await memory.export({ group });
  await memory.forgetGroup(group);

  await stored(group, 'Harbor uses Gooseberry.');
  await expect(memory.archives.restore(file, { group, replace: true })).rejects.toThrow(/older than the deletion/);
  await expect(memory.archives.restore(file, { group: newGroup() })).rejects.toThrow(/older than the deletion/);
  await falkordb.call('GRAPH.DELETE', group);
  const rebuilt = await memory.archives.rebuild({ group, replace: true });

  expect(rebuilt).toMatchObject({ file: null, episodes: 1 });
  expect((await memory.search('Gooseberry', 5, { group, cache: false })).passages).toHaveLength(1);
  expect((await memory.search(SECRET, 5, { group, cache: false })).facts).toEqual([]);
});

test('the command shows a preview, needs --yes, prints a receipt and deletes archives on request', async () => {
  const group = newGroup();
  await stored(group, `Harbor uses ${SECRET}.`);
  const { file } = await memory.export({ group });

  const shown = await run('forget', '--group', group);
  const dry = await run('forget', '--group', group, '--dry-run');
  expect(shown.status).toBe(1);
  expect(shown.stderr).toContain(`The memory "${group}" holds 1 episode`);
  expect(shown.stderr).toContain('add --yes to forget this memory');
  expect(dry.stdout).toContain(file);
  expect(await memory.getGraphSize(group)).toMatchObject({ episodes: 1 });

  const done = await run('forget', '--group', group, '--yes', '--delete-archives');

  expect(done.stdout).toContain(`Forgotten: the memory "${group}", with 1 episode`);
  expect(done.stdout).toContain(file);
  expect(await readdir(stores.config.exportDir)).not.toContain(file);
  expect(await run('forget', '--group', group, '--yes')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('There is no memory'),
  });
});

test('forget without a memory and without a target does nothing', async () => {
  const refused = await run('forget');

  expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('Name what to forget') });
});
