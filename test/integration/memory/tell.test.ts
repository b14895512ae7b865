import { Queue } from 'bullmq';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startServers } from '../../../src/embedded/servers.ts';
import { type EpisodeInput, InvalidInputError, MemoryManager } from '../../../src/index.ts';
import { readTriplet } from '../../../src/triplet.ts';
import { retryingConnection } from '../../../src/valkey/connections.ts';
import { newGroup, useStores } from '../../support/stores.ts';

// No worker runs in this file, so that what was handed in lies in the queue.
const stores = useStores();
const ID = '11111111-1111-4111-8111-111111111111';
const closers: (() => unknown)[] = [];
let queue: Queue;
let memory: MemoryManager;

beforeAll(() => {
  const connection = retryingConnection(stores.config.valkey);
  queue = new Queue('store', { connection, prefix: stores.config.queuePrefix });
  memory = new MemoryManager(stores.config);
  closers.push(
    () => connection.disconnect(),
    () => queue.close(),
    () => memory.close(),
  );
});
afterAll(async () => {
  for (const close of closers.reverse()) await close();
});
beforeEach(() => queue.obliterate({ force: true }));

const waiting = () => queue.getWaitingCount();
const some = (count: number): EpisodeInput[] =>
  Array.from({ length: count }, (_, index) => ({ content: `Text ${index}.` }));

describe('addTriplet', () => {
  test('enqueues the fact unchanged, as an episode', async () => {
    const group = newGroup();
    const validAt = new Date('2025-01-10T00:00:00Z');

    const receipt = await memory.enqueueFact(
      { source: 'Mira', relation: 'works at', target: 'Northwind', sourceType: 'Person', validAt },
      { file: 'a.md' },
      { group, sourceDescription: 'by hand', saga: 'monday' },
    );

    const { data } = (await queue.getJob(receipt.uuid)) ?? {};
    expect(data).toMatchObject({
      name: receipt.name,
      group,
      source: 'fact_triple',
      sourceDescription: 'by hand',
      saga: 'monday',
      metadata: { file: 'a.md' },
    });
    expect(readTriplet(data.content)).toMatchObject({ relation: 'WORKS_AT', fact: 'Mira works at Northwind', validAt });
  });

  test('with the same uuid makes one job', async () => {
    const fact = { source: 'Mira', relation: 'KNOWS', target: 'Ines' };

    const [first, again] = [
      await memory.enqueueFact(fact, null, { uuid: ID }),
      await memory.enqueueFact(fact, null, { uuid: ID }),
    ];

    expect(again).toEqual(first);
    expect(await waiting()).toBe(1);
    await expect(memory.enqueueFact({ ...fact, target: 'Tom' }, null, { uuid: ID })).rejects.toThrow(
      'belongs to another episode',
    );
  });

  test('refuses an invalid fact before it connects to a server', async () => {
    const away = new MemoryManager({ ...stores.config, valkey: { host: '127.0.0.1', port: 1, tls: false } });
    closers.push(() => away.close());

    await expect(away.enqueueFact({ source: 'Mira', relation: 'IS', target: ' mira' })).rejects.toThrow(
      'A fact connects two different entities; give two names.',
    );
  });
});

describe('enqueueEpisodes', () => {
  test('enqueues all in order and reports progress', async () => {
    const told: number[] = [];
    const episodes = some(1000);

    const receipts = await memory.enqueueEpisodes(episodes, { onEnqueued: (count) => told.push(count) });

    const jobs = await queue.getWaiting(0, -1);
    expect(jobs.map(({ data }) => data.content)).toEqual(episodes.map(({ content }) => content));
    expect(jobs.map(({ id }) => id)).toEqual(receipts.map(({ jobId }) => jobId));
    expect(jobs[0]?.opts).toMatchObject({ attempts: 10, removeOnFail: false });
    expect(told).toEqual([256, 512, 768, 1000]);
  });

  test('accepts the same fields as enqueueEpisode', async () => {
    const group = newGroup();
    const referenceTime = new Date('2025-03-01T00:00:00Z');
    const one = { content: '{"a": 1}', metadata: { n: 1 }, group, uuid: ID, source: 'json', referenceTime } as const;

    const [receipt] = await memory.enqueueEpisodes([{ ...one, sourceDescription: 'notes', saga: 'monday' }]);

    expect(receipt).toMatchObject({ queue: 'store', jobId: ID, uuid: ID });
    expect((await queue.getJob(ID))?.data).toMatchObject({
      version: 1,
      ...one,
      referenceTime: '2025-03-01T00:00:00.000Z',
      sourceDescription: 'notes',
      saga: 'monday',
    });
  });

  test('sends long texts in small batches', async () => {
    const receipts = await memory.enqueueEpisodes(some(12).map((it) => ({ content: it.content.padEnd(900_000, '.') })));

    expect(receipts).toHaveLength(12);
    expect(await waiting()).toBe(12);
  });

  test('with an empty list makes no connection', async () => {
    expect(await memory.enqueueEpisodes([])).toEqual([]);
  });

  test('with known uuids returns the receipts of the stored episodes', async () => {
    const one = { content: 'Once.', uuid: ID };
    const first = await memory.enqueueEpisode(one.content, null, { uuid: ID });

    const receipts = await memory.enqueueEpisodes([one, { content: 'Other.' }, one]);

    expect(receipts[0]).toEqual(first);
    expect(receipts[2]).toEqual(first);
    expect(await waiting()).toBe(2);
  });

  test.each<[string, unknown, RegExp]>([
    ['an empty text', { content: ' ' }, /^Episode 301: The content is empty; give the text to remember\.$/],
    ['no text', {}, /^Episode 301: The content must be text\.$/],
    ['null', null, /^Episode 301: An episode must be an object\.$/],
    ['a wrong uuid', { content: 'x', uuid: '5' }, /^Episode 301: "5" is not a uuid/],
    ['a wrong group', { content: 'x', group: 'a b' }, /^Episode 301: The group "a b" is not a valid name/],
    ['wrong metadata', { content: 'x', metadata: [] }, /^Episode 301: The metadata must be a JSON object/],
    ['a wrong date', { content: 'x', referenceTime: 'now' }, /^Episode 301: The reference time must be a valid Date/],
    ['a duplicate uuid', { content: 'x', uuid: ID }, /^Episode 301: The uuid .* another episode of the same call/],
  ])('with %s among the episodes names its position and stores nothing', async (_, wrong, sentence) => {
    const episodes = [{ content: 'First.', uuid: ID }, ...some(299), wrong as EpisodeInput, ...some(5)];

    const storing = memory.enqueueEpisodes(episodes);

    await expect(storing).rejects.toBeInstanceOf(InvalidInputError);
    await expect(storing).rejects.toThrow(sentence);
    expect(await waiting()).toBe(0);
  });

  test('with the uuid of another episode names its position and stores nothing', async () => {
    await memory.enqueueEpisode('First.', null, { uuid: ID });

    const storing = memory.enqueueEpisodes([...some(600), { content: 'Second.', uuid: ID }], {
      nameOf: (index) => `Line ${index}`,
    });

    await expect(storing).rejects.toThrow(`Line 600: The uuid ${ID} belongs to another episode`);
    expect(await waiting()).toBe(1);
  });

  test('retries failed episodes', async () => {
    await memory.enqueueEpisodes([{ content: 'First.', uuid: ID }]);
    const connection = retryingConnection(stores.config.valkey);
    const { Worker, UnrecoverableError } = await import('bullmq');
    const worker = new Worker(
      'store',
      async () => {
        throw new UnrecoverableError('no');
      },
      { connection, prefix: stores.config.queuePrefix },
    );
    await expect(memory.waitFor({ queue: 'store', jobId: ID })).rejects.toThrow('no');
    await worker.close();
    connection.disconnect();

    await memory.enqueueEpisodes([{ content: 'First.', uuid: ID }]);

    expect(await queue.getJobState(ID)).toBe('waiting');
  });

  test('fails while Valkey is down or frozen', async () => {
    const servers = await startServers({ env: {} });
    if (!servers.own) throw new Error('servers of its own are needed here');
    closers.push(() => servers.stop());
    const { host, port } = servers.valkey;
    const own = new MemoryManager({ ...stores.config, valkey: { host, port, tls: false } });
    closers.push(() => own.close());
    await own.enqueueEpisodes(some(3));

    await servers.valkey.kill('SIGSTOP');
    const frozen = await refusal(own.enqueueEpisodes(some(600)));
    await servers.valkey.kill('SIGCONT');
    await servers.valkey.kill('SIGKILL');
    const away = await refusal(own.enqueueEpisodes(some(600)));

    for (const error of [frozen, away]) expect(error).toMatch(/^Valkey at .* does not answer/);
  });

  test('that loses Valkey halfway reports how many are safe', async () => {
    const servers = await startServers({ env: {} });
    if (!servers.own) throw new Error('servers of its own are needed here');
    const { own, valkey } = { own: servers, valkey: servers.valkey };
    closers.push(() => own.stop());
    const cut = new MemoryManager({
      ...stores.config,
      valkey: { host: valkey.host, port: valkey.port, tls: false },
    });
    closers.push(() => cut.close());

    const storing = cut.enqueueEpisodes(some(20_000), {
      onEnqueued: (count) => count === 512 && valkey.kill('SIGSTOP'),
    });

    await expect(storing).rejects.toThrow(
      /does not answer; .* The first \d+ of 20000 episodes are safe in the queue\.$/,
    );
    valkey.kill('SIGCONT');
  });
});

const refusal = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'it worked',
    (error) => String(error.message),
  );
