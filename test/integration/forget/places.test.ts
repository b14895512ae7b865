import { randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { newEpisode } from '../../../src/episode.ts';
import { InvalidInputError } from '../../../src/errors.ts';
import { MemoryManager } from '../../../src/memory.ts';
import { findJobs, forgetJobs } from '../../../src/queue/forgotten-job.ts';
import { STORE_OPTIONS, STORE_QUEUE, toStoreJob } from '../../../src/queue/jobs.ts';
import { openQueue } from '../../../src/queue/queues.ts';
import { openSpool } from '../../../src/queue/spool/spool.ts';
import { HOUR } from '../../../src/time.ts';
import { retryingConnection } from '../../../src/valkey/connections.ts';
import { startWorkers } from '../../../workers/main.ts';
import { environmentOf, failedWith, runCommand } from '../../support/command-line.ts';
import { allTexts } from '../../support/faults/dump.ts';
import { startProxy, type WireProxy } from '../../support/faults/proxy.ts';
import { plainModel } from '../../support/models.ts';
import { useStoreConnections } from '../../support/store-connections.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

const stores = useStores();
const opened = useStoreConnections(stores);
const closing: (() => Promise<unknown>)[] = [];
let memory: MemoryManager;
/** What the model does before it reads. */
let before: (content: string) => Promise<void>;

beforeAll(async () => {
  const model = plainModel();
  const languageModel = {
    ...model,
    async extract(episode: Parameters<typeof model.extract>[0]) {
      await before(episode.content);
      return model.extract(episode);
    },
  };
  const running = await startWorkers(stores.config, ['store'], { languageModel });
  memory = new MemoryManager(stores.config);
  closing.push(
    () => running.close(),
    () => memory.close(),
  );
});
beforeAll(() => {
  before = async () => {};
});
afterEach(() => {
  before = async () => {};
});
afterAll(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const run = (group: string, ...args: string[]) => runCommand([...args, '--group', group], environmentOf(stores.config));

/** Where in Valkey, in FalkorDB's graph or in the folder of this file's own something still says a word. */
async function placesOf(word: string, group: string): Promise<string[]> {
  const texts = await allTexts(opened.valkey);
  const graph = JSON.stringify(await opened.graphs.group(group).read('MATCH (n) RETURN properties(n) AS it'));
  return [...texts, ['graph', graph] as const].filter(([, text]) => text.includes(word)).map(([place]) => place);
}

test('an episode that waits in the queue is removed with the text of its job, and is never stored', async () => {
  const group = newGroup();
  const queue = openQueue(STORE_QUEUE, opened.valkey, stores.config);
  closing.push(() => queue.close());
  const episode = newEpisode('Harbor uses Waitingword.', { session: 's' }, group, 1000, { uuid: randomUUID() });
  const options = { ...STORE_OPTIONS, jobId: episode.uuid, delay: HOUR };
  const job = await queue.add(STORE_QUEUE, toStoreJob(episode), options);

  const forgotten = await memory.forget({ session: 's' }, { group });
  await job.promote();
  await until('the job', async () => (await job.getState()) === 'completed');

  expect(forgotten).toMatchObject({ episodes: [], outsideGraph: { jobs: 1 } });
  expect(await placesOf('Waitingword', group)).toEqual([]);
});

test.each(['ends well', 'fails for good', 'fails and is tried again'])(
  'an episode that a worker is reading leaves nothing, even if the reading %s',
  async (end) => {
    const group = newGroup();
    const [began, goesOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let calls = 0;
    before = async (content) => {
      if (!content.includes('Readword')) return;
      calls += 1;
      began.resolve();
      await goesOn.promise;
      if (end === 'fails for good') throw new InvalidInputError(`It says "${content}".`);
      if (end === 'fails and is tried again') throw new Error('Readword');
    };
    const { uuid, jobId } = await memory.enqueueEpisode('Harbor uses Readword.', undefined, { group });
    await began.promise;

    await memory.forget({ episode: uuid }, { group });
    goesOn.resolve();
    await memory.waitFor({ queue: 'store', jobId }).catch(() => {});

    expect(calls).toBe(1);
    expect(await placesOf('Readword', group)).toEqual([]);
  },
);

test('the dead letter of an episode is removed', async () => {
  const group = newGroup();
  before = async (content) => {
    if (content.includes('Deadword')) throw new InvalidInputError(`It says "${content}".`);
  };
  const { uuid, jobId } = await memory.enqueueEpisode('Harbor uses Deadword.', undefined, { group });
  await memory.waitFor({ queue: 'store', jobId }).catch(() => {});
  expect(await memory.deadLetters.list()).toMatchObject([{ id: jobId }]);

  expect(await memory.forget({ episode: uuid }, { group })).toMatchObject({ outsideGraph: { jobs: 1 } });

  expect(await memory.deadLetters.list()).toEqual([]);
  expect(await placesOf('Deadword', group)).toEqual([]);
});

test('texts spooled on a disk that no worker sees are removed, and so are the facts in hook state there', async () => {
  const group = newGroup();
  const home = join(stores.config.home, 'elsewhere');
  const elsewhere = new MemoryManager({ ...stores.config, home });
  closing.push(() => elsewhere.close());
  const spool = openSpool(home, 10);
  const [one, other] = ['Diskword', 'Valkey'].map((word) =>
    newEpisode(`Harbor uses ${word}.`, null, group, 1000, { uuid: randomUUID() }),
  );
  if (!one || !other) throw new Error('There are two.');
  spool.keep([one, other].map((episode) => ({ episode, hasCallerId: false, carrier: {} })));
  await mkdir(join(home, 'hooks'));
  const session = join(home, 'hooks', `${'0'.repeat(32)}.json`);
  await writeFile(session, JSON.stringify({ version: 1, offset: 7, recalled: ['Harbor uses Diskword'] }));

  expect(await elsewhere.forget({ episode: one.uuid }, { group })).toMatchObject({ outsideGraph: { spooled: 1 } });

  const kept = await Promise.all(spool.files().map((path) => readFile(path, 'utf8')));
  expect(kept).toEqual([expect.stringContaining('Harbor uses Valkey.')]);
  expect(kept.join()).not.toContain('Diskword');
  expect(JSON.parse(await readFile(session, 'utf8'))).toEqual({ version: 1, offset: 7, recalled: [] });
});

test('facts found by a query are shown first and removed with --yes, with their episodes when asked to', async () => {
  const group = newGroup();
  for (const text of ['Harbor uses Redis.', 'Quay uses Kafka.'])
    await memory.waitFor(await memory.enqueueEpisode(text, undefined, { group }));

  const shown = await run(group, 'forget', 'query', 'Redis', '--limit', '1');
  const facts = async () =>
    (await memory.search('Harbor Redis Quay Kafka', 10, { group })).facts.map(({ fact }) => fact);
  const before = await facts();
  const said = await run(group, 'forget', 'query', 'Redis', '--limit', '1', '--yes', '--with-episodes');

  expect(shown).toMatchObject({ status: 1, stderr: 'Nothing was forgotten yet; run the command again with --yes.\n' });
  expect(shown.stdout).toMatch(/^Would forget: 0 episodes, 1 fact and .*\n {2}fact {5}Harbor uses Redis\n/);
  expect(before.toSorted()).toEqual(['Harbor uses Redis', 'Quay uses Kafka']);
  expect(said.stdout).toMatch(/^Forgotten: 1 episode, 1 fact and 2 entities/);
  expect(await facts()).toEqual(['Quay uses Kafka']);
  const other = newGroup();
  expect(await run(other, 'forget', 'query', 'Redis')).toMatchObject(
    failedWith(/^No fact of the memory .* matches this query\.\s*$/),
  );
  await memory.waitFor(await memory.enqueueEpisode('the zebra crossing is closed', undefined, { group: other }));
  expect(await run(other, 'forget', 'query', 'zebra crossing')).toMatchObject(
    failedWith(/ Stored texts match it; .*--with-episodes/),
  );
});

test('a dry run needs no worker', async () => {
  const group = newGroup();
  const { uuid, ...receipt } = await memory.enqueueEpisode('Harbor uses Redis.', undefined, { group });
  await memory.waitFor(receipt);
  const lonely = new MemoryManager({ ...stores.config, queuePrefix: `{${newGroup()}}` });
  closing.push(() => lonely.close());

  expect(await lonely.forget({ episode: uuid }, { group, dryRun: true })).toMatchObject({
    dryRun: true,
    facts: [{ fact: 'Harbor uses Redis' }],
    outsideGraph: { jobs: 0 },
  });
});

/** The same memory, whose messages to Valkey can be held. */
async function watched(group: string): Promise<{ proxy: WireProxy; own: MemoryManager }> {
  const proxy = await startProxy(stores.config.valkey, 'resp');
  const valkey = { host: proxy.host, port: proxy.port, tls: false };
  const own = new MemoryManager({ ...stores.config, valkey, group });
  closing.push(
    () => proxy.close(),
    () => own.close(),
  );
  return { proxy, own };
}

test('all waiting episodes of a session are found, although workers take them meanwhile', async () => {
  const group = newGroup();
  const config = { ...stores.config, queuePrefix: `{${newGroup()}}` };
  const queue = openQueue(STORE_QUEUE, opened.valkey, config);
  closing.push(() => queue.close());
  const proxy = await startProxy(stores.config.valkey, 'resp');
  const own = new MemoryManager({ ...config, valkey: { host: proxy.host, port: proxy.port, tls: false }, group });
  const COUNT = 350;
  await own.enqueueEpisodes(
    Array.from({ length: COUNT }, (_, index) => ({ content: `Turn ${index}.`, metadata: { session: 's' } })),
  );
  let moved = 0;
  // At the first look at what a job carries, others begin: from the head of the list, as workers take them.
  proxy.intercept({
    matches: ([command]) => /^(hget|hgetall|hmget)$/i.test(command ?? ''),
    async before(): Promise<'forward'> {
      for (; moved < 150; moved += 1)
        await opened.valkey.lmove(queue.toKey('wait'), queue.toKey('active'), 'RIGHT', 'LEFT');
      return 'forward';
    },
  });

  const connection = retryingConnection({ host: proxy.host, port: proxy.port, tls: false });
  const found = await findJobs(queue, connection, group, () => true);

  connection.disconnect();
  await own.close();
  await proxy.close();
  expect(moved).toBe(150);
  expect(new Set(found).size).toBe(COUNT);
});

test('episodes that arrive in a session while it is forgotten are removed too', async () => {
  const group = newGroup();
  const { proxy, own } = await watched(group);
  const tell = async (text: string) =>
    memory.waitFor(await memory.enqueueEpisode(text, { session: 's' }, { group, saga: 's' }));
  await tell('Harbor uses Early.');
  proxy.intercept({
    matches: (message) => message.some((part) => part.includes('"kind":"forget"')),
    async before(): Promise<'forward'> {
      // Its commit is not awaited: on a slow machine the caller, whose request is held here, would give Valkey up.
      await memory.enqueueEpisode('Harbor uses Lateword.', { session: 's' }, { group, saga: 's' });
      return 'forward';
    },
  });

  const forgotten = await own.forget({ session: 's' });

  expect(forgotten.episodes).toHaveLength(2);
  await until('an empty queue', async () => {
    const { waiting, active } = await memory.getJobCounts('store');
    return waiting + active === 0;
  });
  expect(await placesOf('Lateword', group)).toEqual([]);
});

test('a job that is trimmed while it is forgotten does not come back', async () => {
  const group = newGroup();
  const config = { ...stores.config, queuePrefix: `{${newGroup()}}` };
  const queue = openQueue(STORE_QUEUE, opened.valkey, config);
  closing.push(() => queue.close());
  const episode = newEpisode('Harbor uses Trimword.', null, group, 1000, { uuid: randomUUID() });
  await queue.add(STORE_QUEUE, toStoreJob(episode), { ...STORE_OPTIONS, jobId: episode.uuid });
  const key = queue.toKey(episode.uuid);
  const proxy = await startProxy(stores.config.valkey, 'resp');
  const connection = retryingConnection({ host: proxy.host, port: proxy.port, tls: false });
  proxy.intercept({
    matches: ([command]) => /^hexists$/i.test(command ?? ''),
    async after(): Promise<'forward'> {
      await opened.valkey.del(key);
      return 'forward';
    },
  });

  await forgetJobs(queue, connection, group, [episode.uuid]);

  connection.disconnect();
  await proxy.close();
  expect(await opened.valkey.exists(key)).toBe(0);
});

test('a damaged tombstone does not block forgetting and is repaired', async () => {
  const group = newGroup();
  const note = join(stores.config.exportDir, `forgotten_${group}.json`);
  const forget = async (text: string) => {
    const receipt = await memory.enqueueEpisode(text, null, { group });
    await memory.waitFor(receipt);
    return memory.forget({ episode: receipt.uuid }, { group });
  };
  await forget('Harbor uses One.');
  const before = await readFile(note, 'utf8');
  await writeFile(note, before.slice(0, -20));

  expect(await forget('Harbor uses Two.')).toMatchObject({ archives: 'recorded' });

  const { marks } = JSON.parse(await readFile(note, 'utf8'));
  expect(marks).toMatchObject(JSON.parse(before).marks);
  expect(Object.keys(marks)).toHaveLength(2);
});
