import { randomUUID } from 'node:crypto';
import { Queue } from 'bullmq';
import { afterEach, describe, expect, test } from 'vitest';
import { type Config, MemoryManager, UnusableReplyError } from '../../../src/index.ts';
import { servePage } from '../../../src/page/serve.ts';
import { retryingConnection } from '../../../src/valkey/connections.ts';
import { startWorkers, type WorkerRole } from '../../../workers/main.ts';
import { environmentOf, runCommand } from '../../support/command-line.ts';
import { type Fault, type FaultName, startFakeOpenAI } from '../../support/fake-openai/index.ts';
import { startProxy } from '../../support/faults/proxy.ts';
import { plainEmbedder, plainModel } from '../../support/models.ts';
import { skipNote, useChromium } from '../../support/page/chromium.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';
import { modelsAt } from '../models/settings.ts';

const stores = useStores();
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** An installation of the test's own on the shared servers. */
const newConfig = (more: Partial<Config> = {}): Config => ({
  ...stores.config,
  ...{ queuePrefix: `{${newGroup()}}`, group: newGroup(), home: `${stores.config.home}-${randomUUID()}` },
  ...more,
});

function open(config: Config): MemoryManager {
  const memory = new MemoryManager(config, { embedder: plainEmbedder() });
  closers.push(() => memory.close());
  return memory;
}

async function work(config: Config, { roles = ['store'], ...parts }: WorkParts = {}) {
  const workers = await startWorkers(config, roles, {
    languageModel: plainModel(),
    embedder: plainEmbedder(),
    ...parts,
  });
  const end = () => workers.close();
  closers.push(end);
  return end;
}
type WorkParts = { readonly roles?: readonly WorkerRole[] } & Parameters<typeof startWorkers>[2];

/** A worker whose models' server always fails in this way. */
async function workWith(config: Config, fault: Fault | FaultName) {
  const fake = await startFakeOpenAI({ faultOf: () => fault });
  closers.push(() => fake.close());
  const models = modelsAt(fake);
  const workers = await startWorkers({ ...config, ...models }, ['store'], { embedder: plainEmbedder() });
  closers.push(() => workers.close());
}

const otherEmbedder = () => ({ ...plainEmbedder(), model: 'other-words' });
const TEXT = 'Harbor uses Redis.';

interface Scene {
  readonly name: string;
  /** Breaks something. @returns a memory on the broken installation */
  readonly arrange: (config: Config) => Promise<MemoryManager>;
  readonly sentence: RegExp;
  readonly remedy: RegExp;
  /** False for a time that nothing records. */
  readonly isDated: boolean;
}

/** For each kind of failure by which texts wait or are refused; each leaves the memory without new facts. */
const SCENES: readonly Scene[] = [
  {
    name: 'another embedder, before a text waits',
    arrange: async (config) => {
      const memory = open(config);
      const end = await work(config);
      await memory.waitFor(await memory.enqueueEpisode(TEXT));
      await end();
      await work(config, { embedder: otherEmbedder() });
      return memory;
    },
    sentence: /was written with the embedder plain-words \(32 dimensions\), not other-words \(32\); change its vectors/,
    remedy: /read automatically after that/,
    isDated: false,
  },
  {
    name: 'another embedder, for which a text waits',
    arrange: async (config) => {
      const memory = open(config);
      const end = await work(config);
      await memory.waitFor(await memory.enqueueEpisode(TEXT));
      await end();
      await work(config, { embedder: otherEmbedder() });
      await memory.enqueueEpisode('Harbor uses Kafka.');
      await until('the postponement', async () => (await memory.getWaitingJobs()).some(({ reason }) => reason));
      return memory;
    },
    sentence: /was written with the embedder plain-words/,
    remedy: /read automatically after that/,
    isDated: true,
  },
  {
    name: 'a refused key',
    arrange: async (config) => {
      const memory = open(config);
      await workWith(config, 'wrong-key');
      await memory.enqueueEpisode(TEXT);
      return memory;
    },
    sentence: /refused the key in OPENAI_API_KEY; set one that is valid\./,
    remedy: /^Correct the setting and restart the workers .* replay the failed jobs/,
    isDated: true,
  },
  {
    name: 'a key without the right to use the model',
    arrange: async (config) => {
      const memory = open(config);
      await workWith(config, 'forbidden');
      await memory.enqueueEpisode(TEXT);
      return memory;
    },
    sentence: /does not allow this key to use the model/,
    remedy: /^Correct the setting/,
    isDated: true,
  },
  {
    name: 'a model that its server does not know',
    arrange: async (config) => {
      const memory = open(config);
      await workWith(config, 'unknown-model');
      await memory.enqueueEpisode(TEXT);
      return memory;
    },
    sentence: /does not know the model/,
    remedy: /^Correct the setting/,
    isDated: true,
  },
  {
    name: 'a quota that is used up',
    arrange: async (config) => {
      const memory = open(config);
      await workWith(config, 'quota');
      await memory.enqueueEpisode(TEXT);
      return memory;
    },
    sentence: /the account's quota is used up; add credit or raise its limit/,
    remedy: /try again automatically/,
    isDated: true,
  },
  {
    name: 'an unreachable model',
    arrange: async (config) => {
      const memory = open(config);
      await workWith(config, 'reset');
      await memory.enqueueEpisode(TEXT);
      return memory;
    },
    sentence: /cannot be reached \(ECONNRESET\)|cannot be reached/,
    remedy: /try again automatically/,
    isDated: true,
  },
  {
    name: 'no worker',
    arrange: async (config) => {
      const memory = open(config);
      await memory.enqueueEpisode(TEXT);
      return memory;
    },
    sentence: /^No worker is running, so stored texts do not become facts\./,
    remedy: /^Start one with memory-manager up/,
    isDated: true,
  },
  {
    name: 'no worker that reads texts',
    arrange: async (config) => {
      await work(config, { roles: ['export'] });
      const memory = open(config);
      await memory.enqueueEpisode(TEXT);
      return memory;
    },
    sentence: /^No worker reads texts; the running ones have other roles\./,
    remedy: /^Start one with/,
    isDated: true,
  },
  {
    name: 'a paused queue',
    arrange: async (config) => {
      await work(config);
      const connection = retryingConnection(config.valkey);
      const queue = new Queue('store', { connection, prefix: config.queuePrefix });
      await queue.pause();
      closers.push(() => connection.disconnect());
      closers.push(() => queue.close());
      return open(config);
    },
    sentence: /^The queue of texts and tasks is paused, so none of its jobs starts\./,
    remedy: /^Resume the queue with the program that paused it/,
    isDated: false,
  },
  {
    name: 'a spent budget',
    arrange: async (config) => {
      const memory = open(config);
      const fake = await startFakeOpenAI();
      closers.push(() => fake.close());
      const limited = { ...config, ...modelsAt(fake), budget: 0.000001 };
      const workers = await startWorkers(limited, ['store'], { embedder: plainEmbedder() });
      closers.push(() => workers.close());
      await memory.waitFor(await memory.enqueueEpisode(TEXT));
      await memory.enqueueEpisode('Harbor uses Kafka.');
      await until('the postponement', async () => (await memory.getWaitingJobs()).some(({ reason }) => reason));
      return memory;
    },
    sentence: /^The budget of today is spent \(\$0\.\d+ of \$0\.000001\): texts are stored, and read by the model from/,
    remedy: /raise MEMORY_BUDGET and restart the workers/,
    isDated: false,
  },
  {
    name: 'a FalkorDB that is away',
    arrange: async (config) => {
      const proxy = await startProxy(config.falkordb, 'bytes');
      closers.push(() => proxy.close());
      const behind = { ...config, falkordb: { host: '127.0.0.1', port: proxy.port, tls: false } };
      await work(behind);
      await proxy.close();
      const memory = open(behind);
      await memory.enqueueEpisode(TEXT);
      return memory;
    },
    sentence: /^FalkorDB at .* does not answer; start it/,
    remedy: /^Start the server if it is down/,
    isDated: true,
  },
  {
    name: 'a Valkey that is away',
    arrange: async (config) => open({ ...config, valkey: { host: '127.0.0.1', port: 1, tls: false } }),
    sentence: /^Valkey at 127\.0\.0\.1:1 does not answer; start it/,
    remedy: /^Start the server if it is down/,
    isDated: false,
  },
  {
    name: 'a refused password',
    arrange: async (config) => {
      await work(config);
      return open({ ...config, falkordb: { ...config.falkordb, username: 'nobody', password: 'wrong' } });
    },
    sentence: /^FalkorDB at .* refused the user or the password; check FALKORDB_USERNAME/,
    remedy: /^Correct the user, the password or the rights/,
    isDated: false,
  },
  {
    name: 'a server of another kind',
    arrange: async (config) => open({ ...config, valkey: config.falkordb }),
    sentence: /^The server at .* is FalkorDB, which cannot also hold the queue/,
    remedy: /^Correct the address/,
    isDated: false,
  },
];

describe.skipIf(skipNote !== '')(`Now with a fault${skipNote}`, () => {
  const tab = useChromium();

  test.each(SCENES)(
    '$name: says what is wrong, since when and what to do, and not that the memory works',
    async (scene) => {
      const config = newConfig();
      const memory = await scene.arrange(config);
      const problem = await until('the problem', async () =>
        (await memory.getStatus()).problems.find(
          ({ message, since }) => scene.sentence.test(message) && (since !== null || !scene.isDated),
        ),
      );
      const server = await servePage(memory, { port: 0, isReadOnly: false, version: '', allowedHosts: [] });
      closers.push(() => server.close());

      await tab.open('/now', server);

      const finding = tab.page.locator('.findings li', { hasText: 'New texts are not read.' }).first();
      await finding.waitFor();
      const [sentence = ''] = await finding.locator('p').first().allTextContents();
      expect(sentence.replace(/^(?:Problem|Note): /, '')).toMatch(scene.sentence);
      expect(await finding.locator('.quiet').textContent()).toMatch(scene.remedy);
      if (scene.isDated) expect(await finding.locator('.meta').textContent()).toMatch(/since today, \d/);
      else if (problem.level === 'problem')
        expect(await finding.locator('.meta').textContent()).toMatch(/noticed today, \d/);
      expect(await tab.page.getByText('The memory works').count()).toBe(0);
      const open = await memory.getJobCounts('store').catch(() => undefined);
      if (open && open.waiting + open.delayed + open.active > 0) {
        await tab.open('/queue', server);
        await tab.page
          .locator('main')
          .getByText(sentence.replace(/^(?:Problem|Note): /, ''))
          .first()
          .waitFor();
      }
      expect(problem.stopsReading).toBe(true);
    },
  );

  test('a memory whose texts are read shows no problem', async () => {
    const config = newConfig();
    await work(config);
    const memory = open(config);
    await memory.waitFor(await memory.enqueueEpisode(TEXT));
    const server = await servePage(memory, { port: 0, isReadOnly: false, version: '', allowedHosts: [] });
    closers.push(() => server.close());

    await tab.open('/now', server);

    await tab.seen(/^(?:Works: )?The memory works: both servers answer, and 1 worker reads new texts\./);
    expect((await memory.getStatus()).problems).toEqual([]);
    expect(await tab.page.getByText('New texts are not read.').count()).toBe(0);
  });

  test('failed jobs are reported with their own cause while others wait for another one', async () => {
    const config = newConfig();
    const memory = open(config);
    const refusing = plainModel(async (content) => {
      if (content.includes('poison')) throw new UnusableReplyError('The model gave no reply.');
    });
    const end = await work(config, { languageModel: refusing });
    await memory.waitFor(await memory.enqueueEpisode(TEXT));
    await memory.waitFor(await memory.enqueueEpisode('poison')).catch(() => {});
    await end();
    await work(config, { embedder: otherEmbedder() });
    await memory.enqueueEpisode('Harbor uses Kafka.');
    await until('the postponement', async () => (await memory.getWaitingJobs()).some(({ reason }) => reason));
    const server = await servePage(memory, { port: 0, isReadOnly: false, version: '', allowedHosts: [] });
    closers.push(() => server.close());

    await tab.open('/now', server);

    await tab.seen(/1 text could not be read\. The latest reason: The model gave no reply\.$/);
  });

  test('the embedder of another memory stops only that memory', async () => {
    const config = newConfig();
    const other = newGroup();
    const memory = open(config);
    const end = await work(config);
    await memory.waitFor(await memory.enqueueEpisode(TEXT, null, { group: other }));
    await end();
    await work(config, { embedder: otherEmbedder() });
    await memory.enqueueEpisode('Harbor uses Kafka.', null, { group: other });
    await until('the postponement', async () => (await memory.getWaitingJobs()).some(({ reason }) => reason));

    const [own, others] = [await memory.getStatus(), await memory.getStatus({ group: other })];

    expect(own.problems).toMatchObject([
      { level: 'warning', stopsReading: false, message: expect.stringContaining(other) },
    ]);
    expect(others.problems).toMatchObject([{ level: 'problem', stopsReading: true, since: expect.any(Date) }]);
  });
});

describe('the command line names the same problem', () => {
  test.each(['status', 'doctor'])('%s', async (command) => {
    const config = newConfig();
    const memory = open(config);
    await workWith(config, 'wrong-key');
    await memory.enqueueEpisode(TEXT);
    const problem = await until('the problem', async () =>
      (await memory.getStatus()).problems.find(({ stopsReading }) => stopsReading),
    );

    const { stdout } = await runCommand([command], environmentOf(config));

    expect(stdout).toContain(problem.message);
    expect(stdout).toMatch(/^problem|^Problem/m);
    expect(stdout).toContain('(since 2');
    expect(stdout).toContain(problem.remedy);
  });
});
