import { randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { newEpisode } from '../../../src/episode.ts';
import { InvalidInput } from '../../../src/errors.ts';
import { MemoryManager } from '../../../src/memory.ts';
import { STORE_OPTIONS, STORE_QUEUE, toStoreJob } from '../../../src/queue/jobs.ts';
import { openQueue } from '../../../src/queue/queues.ts';
import { openSpool } from '../../../src/queue/spool/spool.ts';
import { HOUR } from '../../../src/time.ts';
import { startWorkers } from '../../../workers/main.ts';
import { environmentOf, failure, runCommand } from '../../support/command-line.ts';
import { allText } from '../../support/faults/dump.ts';
import { plainModel } from '../../support/models.ts';
import { useOpened } from '../../support/opened.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

const stores = useStores();
const opened = useOpened(stores);
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
  const texts = await allText(opened.valkey);
  const graph = JSON.stringify(await opened.graphs.group(group).read('MATCH (n) RETURN properties(n) AS it'));
  return [...texts, ['graph', graph] as const].filter(([, text]) => text.includes(word)).map(([place]) => place);
}

test('an episode that waits in the queue goes, with its job’s text, and nothing comes of it', async () => {
  const group = newGroup();
  const queue = openQueue(STORE_QUEUE, opened.valkey, stores.config);
  closing.push(() => queue.close());
  const episode = newEpisode('Harbor uses Waitingword.', { session: 's' }, group, 1000, { uuid: randomUUID() });
  const options = { ...STORE_OPTIONS, jobId: episode.uuid, delay: HOUR };
  const job = await queue.add(STORE_QUEUE, toStoreJob(episode), options);

  const forgotten = await memory.forget({ session: 's' }, { group });
  await job.promote();
  await until('the job', async () => (await job.getState()) === 'completed');

  expect(forgotten).toMatchObject({ episodes: [], elsewhere: { jobs: 1 } });
  expect(await placesOf('Waitingword', group)).toEqual([]);
});

test.each(['ends well', 'fails for good', 'fails and is tried again'])(
  'an episode that a worker is reading at this moment leaves nothing, though the reading %s',
  async (end) => {
    const group = newGroup();
    const [began, goesOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let calls = 0;
    before = async (content) => {
      if (!content.includes('Readword')) return;
      calls += 1;
      began.resolve();
      await goesOn.promise;
      if (end === 'fails for good') throw new InvalidInput(`It says "${content}".`);
      if (end === 'fails and is tried again') throw new Error('Readword');
    };
    const { uuid, jobId } = await memory.enqueue('Harbor uses Readword.', undefined, { group });
    await began.promise;

    await memory.forget({ episode: uuid }, { group });
    goesOn.resolve();
    await memory.ended({ queue: 'store', jobId }).catch(() => {});

    expect(calls).toBe(1);
    expect(await placesOf('Readword', group)).toEqual([]);
  },
);

test('a dead letter of it goes', async () => {
  const group = newGroup();
  before = async (content) => {
    if (content.includes('Deadword')) throw new InvalidInput(`It says "${content}".`);
  };
  const { uuid, jobId } = await memory.enqueue('Harbor uses Deadword.', undefined, { group });
  await memory.ended({ queue: 'store', jobId }).catch(() => {});
  expect(await memory.deadLetters.list()).toMatchObject([{ id: jobId }]);

  expect(await memory.forget({ episode: uuid }, { group })).toMatchObject({ elsewhere: { jobs: 1 } });

  expect(await memory.deadLetters.list()).toEqual([]);
  expect(await placesOf('Deadword', group)).toEqual([]);
});

test('what lies on a disk that the worker does not see goes too, and what the memory told agents there', async () => {
  const group = newGroup();
  const home = join(stores.config.home, 'elsewhere');
  const elsewhere = new MemoryManager({ ...stores.config, home });
  closing.push(() => elsewhere.close());
  const spool = openSpool(home, 10);
  const [one, other] = ['Diskword', 'Valkey'].map((word) =>
    newEpisode(`Harbor uses ${word}.`, null, group, 1000, { uuid: randomUUID() }),
  );
  if (!one || !other) throw new Error('There are two.');
  spool.keep([one, other].map((episode) => ({ episode, given: false, carrier: {} })));
  await mkdir(join(home, 'hooks'));
  const session = join(home, 'hooks', `${'0'.repeat(32)}.json`);
  await writeFile(session, JSON.stringify({ version: 1, offset: 7, recalled: ['Harbor uses Diskword'] }));

  expect(await elsewhere.forget({ episode: one.uuid }, { group })).toMatchObject({ elsewhere: { spooled: 1 } });

  const kept = await Promise.all(spool.files().map((path) => readFile(path, 'utf8')));
  expect(kept).toEqual([expect.stringContaining('Harbor uses Valkey.')]);
  expect(kept.join()).not.toContain('Diskword');
  expect(JSON.parse(await readFile(session, 'utf8'))).toEqual({ version: 1, offset: 7, recalled: [] });
});

test('the facts that a question finds are shown first and go with --yes; with their episodes when asked to', async () => {
  const group = newGroup();
  for (const text of ['Harbor uses Redis.', 'Quay uses Kafka.'])
    await memory.ended(await memory.enqueue(text, undefined, { group }));

  const shown = await run(group, 'forget', 'query', 'Redis', '--limit', '1');
  const facts = async () =>
    (await memory.search('Harbor Redis Quay Kafka', 10, { group })).facts.map(({ fact }) => fact);
  const before = await facts();
  const said = await run(group, 'forget', 'query', 'Redis', '--limit', '1', '--yes', '--with-episodes');

  expect(shown).toMatchObject({ status: 1, stderr: 'Nothing is forgotten yet; say it again with --yes.\n' });
  expect(shown.stdout).toMatch(/^Would go: 0 episodes, 1 fact and .*\n {2}fact {5}Harbor uses Redis\n/);
  expect(before.toSorted()).toEqual(['Harbor uses Redis', 'Quay uses Kafka']);
  expect(said.stdout).toMatch(/^Forgotten: 1 episode, 1 fact and 2 entities/);
  expect(await facts()).toEqual(['Quay uses Kafka']);
  expect(await run(newGroup(), 'forget', 'query', 'Redis')).toMatchObject(failure(/^No fact of the memory/));
});

test('a dry run needs no worker', async () => {
  const group = newGroup();
  const { uuid, ...receipt } = await memory.enqueue('Harbor uses Redis.', undefined, { group });
  await memory.ended(receipt);
  const lonely = new MemoryManager({ ...stores.config, queuePrefix: `{${newGroup()}}` });
  closing.push(() => lonely.close());

  expect(await lonely.forget({ episode: uuid }, { group, dryRun: true })).toMatchObject({
    dryRun: true,
    facts: [{ fact: 'Harbor uses Redis' }],
    elsewhere: { jobs: 0 },
  });
});
