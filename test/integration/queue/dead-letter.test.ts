import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Queue, type Worker } from 'bullmq';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { UnusableReplyError } from '../../../src/errors.ts';
import type { Ingest } from '../../../src/ingest/ingest.ts';
import { MemoryManager } from '../../../src/memory.ts';
import { readStoreJob } from '../../../src/queue/jobs.ts';
import type { EpisodeReceipt } from '../../../src/queue/producer.ts';
import { carrierOf, traceIdOf } from '../../../src/telemetry/tracing.ts';
import { MINUTE } from '../../../src/time.ts';
import { retryingConnection } from '../../../src/valkey/connections.ts';
import { startWorkers } from '../../../workers/main.ts';
import { startStoreWorker } from '../../../workers/store-role.ts';
import { environmentOf, failedWith, runCommand } from '../../support/command-line.ts';
import { plainEmbedder, plainModel } from '../../support/models.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

const stores = useStores();
const connection = () => retryingConnection(stores.config.valkey);
let valkey: ReturnType<typeof connection>;
let config: typeof stores.config;
let memory: MemoryManager;
let queue: Queue;
const closers: (() => Promise<unknown>)[] = [];
beforeAll(() => {
  valkey = connection();
});
beforeEach(() => {
  // Its own spool, since a process that drains a spool fills the queue of its own prefix.
  const name = newGroup();
  config = { ...stores.config, queuePrefix: `{${name}}`, home: join(stores.config.home, name) };
  memory = new MemoryManager(config);
  queue = new Queue('store', { connection: valkey, prefix: config.queuePrefix });
  closers.push(
    () => memory.close(),
    () => queue.close(),
  );
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});
afterAll(() => valkey.disconnect());

const run = (...args: string[]) => runCommand(args, environmentOf(config));
const failed = async () => (await memory.getJobCounts('store')).failed;

/** Every text with "poison" in it cannot be read. */
function worker(ingest: Ingest = poisonable): Worker {
  const own = connection();
  const started = startStoreWorker(config, own, ingest, { run: async () => ({ entities: 0 }) });
  closers.push(async () => {
    await started.close();
    own.disconnect();
  });
  return started;
}
const poisonable: Ingest = async ({ content }) => {
  if (content.includes('poison')) throw new UnusableReplyError('The model gave no reply that can be used.');
};

/** Hands texts in, lets a worker take them and stops it. */
async function given(...contents: string[]) {
  const receipts = await memory.enqueueEpisodes(contents.map((content) => ({ content })));
  const started = worker();
  await until('all jobs', async () => {
    const { completed, failed } = await memory.getJobCounts('store');
    return completed + failed === contents.length;
  });
  await started.close();
  return receipts;
}

describe('dead letters', () => {
  test('are the jobs that failed for good, with cause, payload and trace', async () => {
    const texts = Array.from({ length: 60 }, (_, index) => (index % 6 === 0 ? `poison ${index}` : `Harbor ${index}.`));
    const receipts = await given(...texts);
    const poison = receipts.filter((_, index) => index % 6 === 0).map(({ uuid }) => uuid);

    const letters = await memory.deadLetters.list({ limit: 100 });

    expect(await memory.getJobCounts('store')).toMatchObject({ failed: 10, completed: 50 });
    expect(letters.map(({ id }) => id).sort()).toEqual([...poison].sort());
    expect(letters[0]).toMatchObject({
      queue: 'store',
      job: 'store',
      group: config.group,
      reason: 'The model gave no reply that can be used.',
      error: 'UnusableReplyError',
      attempts: 1,
    });
    const job = await queue.getJob(poison[0] ?? '');
    const shown = await memory.deadLetters.get(poison[0] ?? '');
    expect(shown.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(shown.traceId).toBe(traceIdOf(carrierOf(job?.opts.telemetry)));
    expect(readStoreJob(shown.payload)).toMatchObject({ uuid: poison[0], content: 'poison 0' });
  });

  test('are listed latest first, one page at a time', async () => {
    await given('poison 1', 'poison 2', 'poison 3');
    const all = await memory.deadLetters.list();

    const pages = [await memory.deadLetters.list({ limit: 2 }), await memory.deadLetters.list({ limit: 2, skip: 2 })];

    expect(pages.map((page) => page.length)).toEqual([2, 1]);
    expect(pages.flat()).toEqual(all);
    const times = all.map(({ failedAt }) => failedAt.getTime());
    expect(times).toEqual([...times].sort((a, b) => b - a));
    expect(await memory.deadLetters.list({ queue: 'export' })).toEqual([]);
    await expect(memory.deadLetters.list({ limit: 0 })).rejects.toThrow('1 to 1000');
  });

  test('are replayed under the same identity with no attempt counted, and succeed', async () => {
    const [one, two] = await given('poison 1', 'poison 2');
    const read: string[] = [];

    const replayed = await memory.deadLetters.replay('all');
    const jobs = await Promise.all([one, two].map((receipt) => queue.getJob(receipt?.uuid ?? '')));
    worker(async ({ uuid }) => void read.push(uuid));

    expect(replayed).toBe(2);
    for (const job of jobs) expect(job).toMatchObject({ attemptsMade: 0, attemptsStarted: 0 });
    await until('both', async () => (await memory.getJobCounts('store')).completed === 2);
    expect(read.sort()).toEqual([one?.uuid, two?.uuid].sort());
    expect(await memory.deadLetters.list()).toEqual([]);
  });

  test('are replayed or dropped one by one, or not at all if an id is unknown', async () => {
    const [one, two] = await given('poison 1', 'poison 2');
    const id = one?.uuid ?? '';

    await expect(memory.deadLetters.replay([id, 'nobody'])).rejects.toThrow('There is no dead letter "nobody"');
    expect(await failed()).toBe(2);
    expect(await memory.deadLetters.replay([id, id])).toBe(1);
    expect(await memory.deadLetters.drop([two?.uuid ?? ''])).toBe(1);

    expect(await memory.getJobCounts('store')).toMatchObject({ waiting: 1, failed: 0 });
    expect(await queue.getJob(two?.uuid ?? '')).toBeUndefined();
  });

  test('of jobs whose workers died too often say so, and a replay resets the count', async () => {
    const { uuid } = await memory.enqueueEpisode('Harbor uses Redis.');
    // What BullMQ leaves where a job was taken over too often.
    await valkey.hset(queue.toKey(uuid), 'stc', 101, 'defa', 'job stalled more than allowable limit');
    worker();
    await until('the failure', async () => (await failed()) === 1);

    const letter = await memory.deadLetters.get(uuid);
    await memory.deadLetters.replay([uuid]);

    expect(letter.reason).toMatch(/^Workers that held it died more often than MEMORY_STALLED_LIMIT allows/);
    await until('the success', async () => (await memory.getJobCounts('store')).completed === 1);
    expect(await valkey.hget(queue.toKey(uuid), 'stc')).toBeNull();
  });

  test('with unreadable data are listed and shown like others', async () => {
    await queue.add('store', { version: 99, 'a\u001b[2J': ['\u0007'] }, { jobId: 'from-the-future' });
    const started = worker();
    await until('the failure', async () => (await failed()) === 1);
    await started.close();
    await queue.add('store', {}, { jobId: 'broken' });
    await valkey.lrem(queue.toKey('wait'), 0, 'broken');
    await valkey.zadd(queue.toKey('failed'), Date.now(), 'broken');
    await valkey.hset(queue.toKey('broken'), 'data', '{"version":1,\u001b[31m', 'opts', '{', 'stacktrace', '[');
    await valkey.zadd(queue.toKey('failed'), 1, 'gone');

    const list = await run('dead-letter', 'list');
    const shown = await Promise.all(['from-the-future', 'broken', 'gone'].map((id) => run('dead-letter', 'show', id)));

    expect(list.stdout.trim().split('\n')).toEqual([
      expect.stringMatching(/Z {2}broken {2}/),
      expect.stringMatching(/Z {2}from-the-future {2}The store job's payload cannot be read: version: it must be 1\.$/),
    ]);
    expect(shown.map(({ status }) => status)).toEqual([0, 0, 1]);
    expect(shown[1]?.stdout).toContain('{"version":1,\\u001b[31m');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
    for (const { stdout } of shown) expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    expect(await memory.deadLetters.drop(['broken'])).toBe(1);
  });
});

describe('the dead letter command', () => {
  test('lists, shows, replays and drops dead letters', async () => {
    const [one] = await given('poison 1', 'poison 2');

    const list = await run('dead-letter', 'list');
    const data = JSON.parse((await run('dead-letter', 'list', '--json', '--limit', '1')).stdout);
    const shown = await run('dead-letter', 'show', one?.uuid ?? '');
    const replayed = await run('dead-letter', 'replay', one?.uuid ?? '', '--queue', 'store');
    const dropped = await run('dead-letter', 'drop', '--all');

    expect(list).toMatchObject({ status: 0, stderr: '' });
    expect(list.stdout.trim().split('\n')).toHaveLength(2);
    expect(list.stdout).toMatch(
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ {2}\S+ {2}The model gave no reply that can be used\.$/m,
    );
    expect(data).toEqual([expect.objectContaining({ id: list.stdout.split('  ')[1], error: 'UnusableReplyError' })]);
    expect(shown.stdout).toMatch(/^Attempts {2}1$/m);
    expect(shown.stdout).toMatch(/^Trace {5}[0-9a-f]{32}$/m);
    expect(shown.stdout).toContain('"content": "poison 1"');
    expect(replayed).toMatchObject({ status: 0, stdout: '1 dead letter back in the queue.\n' });
    expect(dropped.stdout).toMatch(/^1 dead letter deleted permanently\. Recorded text stays in the graph\.\n$/);
    expect(await memory.getJobCounts('store')).toMatchObject({ waiting: 1, failed: 0 });
    for (const args of [['list'], ['drop', '--all'], ['replay', '--all']])
      expect(await run('dead-letter', ...args)).toMatchObject({ status: 0, stdout: 'There are no dead letters.\n' });
  });

  test.each<[string[], RegExp]>([
    [['bury'], /has no action "bury"; use list, show, replay or drop/],
    [['show'], /takes one id/],
    [['list', 'x'], /takes no id/],
    [['drop'], /takes ids, or --all/],
    [['replay', 'x', '--all'], /takes ids, or --all/],
    [['show', 'x'], /There is no dead letter "x"/],
    [['replay', 'x'], /There is no dead letter "x"/],
    [['list', '--queue', 'tasks'], /--queue must be store or export/],
    [['list', '--limit', '0'], /--limit must be a whole number/],
  ])('refuses %j with one sentence', async (args, sentence) => {
    expect(await run('dead-letter', ...args)).toMatchObject(failedWith(sentence));
  });

  test('has a help text that fits a screen', async () => {
    const lines = (await run('dead-letter', '--help')).stdout.trimEnd().split('\n');

    expect(lines.length).toBeLessThanOrEqual(24);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
  });
});

describe('an idempotency key', () => {
  const key = () => `turn-${randomUUID()}`;

  test('gives the same identity each time, in the API and on the command line', async () => {
    const [mine, read] = [key(), [] as string[]];
    worker(async ({ uuid }) => void read.push(uuid));

    const first = await memory.enqueueEpisode('Harbor uses Redis.', null, { idempotencyKey: mine });
    const [second, third] = await Promise.all([
      memory.enqueueEpisode('Harbor uses Redis.', null, { idempotencyKey: mine }),
      run('store', 'Harbor uses Redis.', '--key', mine, '--no-wait', '--json'),
    ]);
    const [fourth] = await memory.enqueueEpisodes([{ content: 'Harbor uses Redis.', idempotencyKey: mine }]);
    await memory.waitFor(first, { timeoutMs: 2 * MINUTE });

    expect(second).toEqual(first);
    // What goes over the disk, where Valkey was slow to answer, has a label of its own.
    expect(JSON.parse(third.stdout)).toMatchObject({ uuid: first.uuid });
    expect(fourth).toEqual(first);
    expect(read).toEqual([first.uuid]);
  });

  test('of another group is a different key, and so is that of a fact', async () => {
    const mine = key();

    const here = await memory.enqueueEpisode('Harbor uses Redis.', null, { idempotencyKey: mine });
    const there = await memory.enqueueEpisode('Harbor uses Redis.', null, { idempotencyKey: mine, group: newGroup() });
    const facts = await Promise.all(
      [1, 2].map(() =>
        memory.enqueueFact({ source: 'Mira', relation: 'LEADS', target: 'Harbor' }, null, {
          idempotencyKey: `${mine}/f`,
        }),
      ),
    );

    expect(new Set([here.uuid, there.uuid, facts[0]?.uuid]).size).toBe(3);
    expect(facts[1]).toEqual(facts[0]);
    expect((await memory.getJobCounts('store')).waiting).toBe(3);
  });

  test('that was used for another text is refused, and the error omits the key', async () => {
    const mine = key();
    await memory.enqueueEpisode('Harbor uses Redis.', null, { idempotencyKey: mine });

    const other = await memory.enqueueEpisode('Harbor uses Valkey.', null, { idempotencyKey: mine }).catch(String);
    const many = memory.enqueueEpisodes([{ content: 'a b c' }, { content: 'Another.', idempotencyKey: mine }]);

    await expect(many).rejects.toThrow(/^Episode 2: This key belongs to another episode/);
    expect(other).toMatch(
      /^InvalidInputError: This key belongs to another episode \(\S+\); give each text its own key/,
    );
    expect(other).not.toContain(mine);
    expect((await memory.getJobCounts('store')).waiting).toBe(1);
  });

  test.each<[object, RegExp]>([
    [{ idempotencyKey: 'a', uuid: randomUUID() }, /has a uuid or a key, not both/],
    [{ idempotencyKey: '' }, /A key has 1 to 500 characters/],
    [{ idempotencyKey: '  ' }, /A key has 1 to 500 characters/],
    [{ idempotencyKey: 'x'.repeat(501) }, /A key has 1 to 500 characters/],
    [{ idempotencyKey: 7 }, /The key/],
    [{ idempotencyKey: 'a\0' }, /The key/],
  ])('%j is refused', async (options, sentence) => {
    await expect(memory.enqueueEpisode('Harbor uses Redis.', null, options)).rejects.toThrow(sentence);
  });

  test('of a dead letter replays it', async () => {
    const mine = key();
    const receipt = await memory.enqueueEpisode('poison', null, { idempotencyKey: mine });
    const started = worker();
    await until('the failure', async () => (await failed()) === 1);
    await started.close();

    const again = await memory.enqueueEpisode('poison', null, { idempotencyKey: mine });

    expect(again).toEqual(receipt);
    expect(await queue.getJob(receipt.uuid)).toMatchObject({ attemptsMade: 0 });
    expect(await memory.getJobCounts('store')).toMatchObject({ waiting: 1, failed: 0 });
  });

  test('delivered again, at once, later and after its job is gone, changes nothing and calls no model', async () => {
    const [model, mine] = [plainModel(), key()];
    config = { ...config, group: newGroup() };
    const running = await startWorkers(config, ['store'], { languageModel: model, embedder: plainEmbedder() });
    closers.push(() => running.close());
    const graph = async () => ({
      ...(await memory.getGraphSize(config.group)),
      known: await memory.getHistory('Harbor', { group: config.group }),
    });
    const tell = () => memory.enqueueEpisode('Harbor uses Redis.', null, { idempotencyKey: mine, group: config.group });

    const [first, ...others] = await Promise.all([tell(), tell(), tell(), tell()]);
    await memory.waitFor(first as never);
    const before = await graph();
    const later = await tell();
    await queue.remove(first?.uuid ?? '');
    const gone = await tell();
    await memory.waitFor(gone);

    expect([...others, later]).toEqual(Array(4).fill(first));
    expect(gone.uuid).toBe(first?.uuid);
    expect(await graph()).toEqual(before);
    expect(before).toMatchObject({ episodes: 1, entities: 2, facts: 1 });
    expect(model.calls).toBe(1);
  });

  test('is accepted on a line of store-many', async () => {
    const line = JSON.stringify({ content: 'Harbor uses Redis.', key: key() });
    const storeMany = async (): Promise<EpisodeReceipt[]> =>
      JSON.parse(
        (await runCommand(['store-many', '-', '--no-wait', '--json'], environmentOf(config), `${line}\n${line}`))
          .stdout,
      );

    const all = [...(await storeMany()), ...(await storeMany())];

    expect(all).toHaveLength(4);
    expect(new Set(all.map(({ uuid }) => uuid)).size).toBe(1);
    // What a slow Valkey did not take in time waits on disk, under a name of its own until it is queued.
    const queued = all.filter(({ spooled }) => !spooled);
    expect(new Set(queued.map(({ name }) => name)).size).toBeLessThanOrEqual(1);
    await until('an empty spool', async () => (await memory.drainSpool()).remaining === 0);
    expect((await memory.getJobCounts('store')).waiting).toBe(1);
  });
});
