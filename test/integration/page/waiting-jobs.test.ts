import { Queue } from 'bullmq';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MemoryManager } from '../../../src/index.ts';
import { OPERATION_LIMITS } from '../../../src/page/operation-shapes.ts';
import { type PageServer, servePage } from '../../../src/page/serve.ts';
import { openProducer } from '../../../src/queue/producer.ts';
import { openQueues } from '../../../src/queue/queues.ts';
import { retryingConnection } from '../../../src/valkey/connections.ts';
import { startWorkers } from '../../../workers/main.ts';
import { plainEmbedder, plainModel } from '../../support/models.ts';
import { skipNote, useChromium } from '../../support/page/chromium.ts';
import { callPage } from '../../support/page/served.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

const stores = useStores();
const closers: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closers.reverse()) await close();
});

async function newPage() {
  const config = { ...stores.config, queuePrefix: `{${newGroup()}}`, group: newGroup() };
  const memory = new MemoryManager(config, { embedder: plainEmbedder() });
  const server = await servePage(memory, { port: 0, isReadOnly: false, version: '', allowedHosts: [] });
  const connection = retryingConnection(config.valkey);
  const queue = new Queue('store', { connection, prefix: config.queuePrefix });
  closers.push(
    () => memory.close(),
    () => server.close(),
    () => connection.disconnect(),
    () => queue.close(),
  );
  return { config, memory, server, queue };
}

const listed = async (server: PageServer) => (await callPage(server, 'waitingJobs')).body;

describe('the list of waiting jobs', () => {
  test('has texts with their first words, facts with their sentence, tasks and exports with their kind', async () => {
    const { config, memory, server } = await newPage();
    const queues = openQueues(config);
    closers.push(() => queues.close());
    const producer = openProducer(queues);
    const cut = `${'é"\\\n'.repeat(700)}END`;
    await memory.enqueueEpisode('  The harbor\n\n\topens "at" \\six\\ — ☕.  ', {
      group: 'not this',
      content: 'nor this',
    });
    await memory.enqueueEpisode(cut);
    await memory.enqueueFact({
      source: 'Quay',
      relation: 'HOLDS',
      target: 'Cranes',
      fact: 'The quay holds six cranes.',
    });
    await memory.enqueueEpisode('Elsewhere.', null, { group: 'another' });
    await producer.task(config.group, { kind: 'redact' });
    await producer.export(config.group);

    const { jobs, isCut } = await listed(server);

    const { group } = config;
    const open = { state: 'waiting', reason: null, error: null, since: null, nextTryAt: null, attempts: 0 };
    expect(jobs).toMatchObject([
      { job: 'store', queue: 'store', group, text: 'The harbor opens "at" \\six\\ — ☕.', ...open },
      { job: 'store', group, text: expect.stringMatching(/^é"\\ é"\\ (?:é"\\ )+.*…$/) },
      { job: 'store', group, text: 'The quay holds six cranes.' },
      { job: 'store', group: 'another', text: 'Elsewhere.' },
      { job: 'redact', group, text: null, ...open },
      { job: 'export', queue: 'export', group, text: null },
    ]);
    expect(isCut).toBe(false);
  });

  test('ends at its limit, in the order in which workers take the jobs, and reads only the beginning of long texts', async () => {
    const { memory, server } = await newPage();
    const count = OPERATION_LIMITS.waitingJobs + 5;
    const long = 'Long words. '.repeat(80_000);
    await memory.enqueueEpisodes(Array.from({ length: count }, (_, at) => ({ content: `Text ${at}. ${long}` })));

    const { jobs, isCut } = await listed(server);

    expect(isCut).toBe(true);
    expect(jobs.map(({ text }: { text: string }) => /^Text \d+\./.exec(text)?.[0])).toEqual(
      Array.from({ length: OPERATION_LIMITS.waitingJobs }, (_, at) => `Text ${at}.`),
    );
    expect(JSON.stringify(jobs).length).toBeLessThan(60_000);
  });

  test('survives jobs that are not of this program', async () => {
    const { server, queue } = await newPage();
    await queue.add('store', null);
    await queue.add('strange <b>', { group: 'no such name!', content: 7 });

    const { jobs } = await listed(server);

    expect(jobs).toMatchObject([
      { job: 'store', group: null, text: null },
      { job: 'strange <b>', group: null, text: null },
    ]);
  });

  test('a postponed text says since when it waits for the same cause, across attempts and workers', async () => {
    const { config, memory, server } = await newPage();
    const first = await startWorkers(config, ['store'], { languageModel: plainModel(), embedder: plainEmbedder() });
    await memory.waitFor(await memory.enqueueEpisode('Harbor uses Redis.'));
    await first.close();
    const work = () =>
      startWorkers(config, ['store'], {
        languageModel: plainModel(),
        embedder: { ...plainEmbedder(), model: 'other-words' },
      });
    const second = await work();
    await memory.enqueueEpisode('Harbor uses Kafka.');
    const delayed = async () => (await listed(server)).jobs.find(({ state }: { state: string }) => state === 'delayed');
    const before = await until('the postponement', delayed);
    await second.close();
    const third = await work();
    closers.push(() => third.close());

    const after = await until('another attempt', async () => {
      const job = await delayed();
      return job && job.nextTryAt !== before.nextTryAt && job;
    });

    expect(before).toMatchObject({ text: 'Harbor uses Kafka.', error: 'EmbedderMismatchError', attempts: 0 });
    expect(before.reason).toContain('reembed --group');
    expect(after.since).toBe(before.since);
    expect(Date.parse(after.nextTryAt)).toBeGreaterThan(Date.parse(after.since));
  });
});

describe.skipIf(skipNote !== '')(`the screen Queue${skipNote}`, () => {
  const tab = useChromium();
  let page: Awaited<ReturnType<typeof newPage>>;

  beforeAll(async () => {
    page = await newPage();
    const { config, memory } = page;
    const end = await startWorkers(config, ['store'], { languageModel: plainModel(), embedder: plainEmbedder() });
    await memory.waitFor(await memory.enqueueEpisode('Harbor uses Redis.'));
    await end.close();
    const workers = await startWorkers(config, ['store'], {
      languageModel: plainModel(),
      embedder: { ...plainEmbedder(), model: 'other-words' },
    });
    await memory.enqueueEpisode('Harbor <b>uses</b> Kafka.');
    await until('the postponement', async () => (await memory.getWaitingJobs()).some(({ reason }) => reason));
    await workers.close();
  });

  test('shows each waiting job with its first words, its cause, since when, and its next attempt', async () => {
    await tab.open('/queue', page.server);

    const row = tab.page.locator('section', { has: tab.page.getByRole('heading', { name: 'Waiting and running' }) });
    await row.getByText('Harbor <b>uses</b> Kafka.').waitFor();
    await row.getByText(/was written with the embedder plain-words/).waitFor();
    await row.getByText(/^waits for this since today, \d/).waitFor();
    await row.getByText(/^next attempt (?:due )?today, \d/).waitFor();
    await row.locator('code', { hasText: /^memory-manager reembed --group/ }).waitFor();
    await row.getByText(`a text in ${page.config.group}`).waitFor();
    expect(tab.errors).toEqual([]);
  });
});
