import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { type Server, startValkey } from '../../../src/embedded/servers.ts';
import { MemoryManager } from '../../../src/memory.ts';
import { jobCounts } from '../../../src/queue/queue-state.ts';
import { openQueues } from '../../../src/queue/queues.ts';
import { openSpool } from '../../../src/queue/spool/spool.ts';
import { countingMetrics } from '../../../src/telemetry/metrics.ts';
import { carrierOf } from '../../../src/telemetry/tracing.ts';
import { startWorkers } from '../../../workers/main.ts';
import { environmentOf, failedWith, NO_OUTPUT_OR_SPOOLED, runCommand } from '../../support/command-line.ts';
import { startProxy } from '../../support/faults/proxy.ts';
import { plainEmbedder, plainModel } from '../../support/models.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';
import { wrongServers } from '../../support/wrong-servers.ts';

const stores = useStores();
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function newConfig(port = stores.config.valkey.port) {
  const home = await mkdtemp(join(tmpdir(), 'memory-home-'));
  closers.push(() => rm(home, { recursive: true, force: true }));
  const valkey = { host: '127.0.0.1', port, tls: false };
  return { ...stores.config, valkey, home, group: newGroup(), queuePrefix: `{${newGroup()}}` };
}

function opened(config: Awaited<ReturnType<typeof newConfig>>, metrics = countingMetrics()) {
  const memory = new MemoryManager(config, { metrics });
  closers.push(() => memory.close());
  const tell = (index: number) => memory.enqueueEpisode(`Harbor ${index} uses Redis.`, { index }, { spool: true });
  return { memory, metrics, tell };
}

async function ownValkey(): Promise<Server> {
  const server = await startValkey();
  closers.push(() => server.stop());
  return server;
}

/** All ids and how many of them differ. */
async function queued(config: Awaited<ReturnType<typeof newConfig>>): Promise<number> {
  const queues = openQueues(config);
  try {
    return (await jobCounts(queues, 'store')).waiting;
  } finally {
    await queues.close();
  }
}

describe('an enqueue without waiting', () => {
  test('goes to the queue once connected to Valkey', async () => {
    const config = await newConfig();
    const { memory, tell } = opened(config);
    const first = await tell(0);
    await until('the connection', async () => (await tell(1)).spooled === undefined);

    expect(first.spooled).toBe(true);
    await until('the first', () => openSpool(config.home, 10).names().length === 0);
    expect((await memory.getJobCounts('store')).waiting).toBeGreaterThanOrEqual(2);
  });

  test.each(['nothing', 'silent'] as const)('is kept on disk, 500 in a row and 500 at once: %s', async (kind) => {
    const config = await newConfig(await wrongServers[kind]());
    const { tell } = opened(config);

    for (let index = 0; index < 500; index += 1) expect((await tell(index)).spooled).toBe(true);
    const atOnce = await Promise.all(Array.from({ length: 500 }, (_, index) => tell(500 + index)));

    expect(atOnce.every(({ spooled }) => spooled)).toBe(true);
    expect(openSpool(config.home, 10_000).count()).toBe(1000);
  });

  test('returns while Valkey is frozen, and everything is queued exactly once when it recovers', async () => {
    const valkey = await ownValkey();
    const config = await newConfig(valkey.port);
    const { memory, metrics, tell } = opened(config);
    await until('the connection', async () => (await tell(-1)).spooled === undefined);
    await until('an empty spool', () => openSpool(config.home, 10).names().length === 0);
    const before = await queued(config);
    const drainedBefore = metrics.count('opencode.memory.spool.drained');

    await valkey.kill('SIGSTOP');
    await Promise.all(Array.from({ length: 250 }, (_, index) => tell(index)));
    for (let index = 250; index < 500; index += 1) await tell(index);
    await valkey.kill('SIGCONT');

    await until('an empty spool', () => openSpool(config.home, 10).names().length === 0);
    expect((await memory.getJobCounts('store')).waiting - before).toBe(500);
    // A file is removed before its episodes are counted.
    await expect.poll(() => metrics.count('opencode.memory.spool.drained') - drainedBefore).toBe(500);
  });

  test('loses nothing while Valkey is killed and restarted', async () => {
    const valkey = await ownValkey();
    const config = await newConfig(valkey.port);
    const { memory, tell } = opened(config);
    await until('the connection', async () => (await tell(-1)).spooled === undefined);
    await until('an empty spool', () => openSpool(config.home, 10).names().length === 0);
    const before = await queued(config);

    await valkey.kill('SIGKILL');
    const receipts = await Promise.all(Array.from({ length: 50 }, (_, index) => tell(index)));
    await valkey.restart();

    expect(receipts.every(({ spooled }) => spooled)).toBe(true);
    await until('an empty spool', () => openSpool(config.home, 10).names().length === 0);
    expect((await memory.getJobCounts('store')).waiting - before).toBe(50);
  });

  test('reports a uuid that belongs to another episode as soon as Valkey answers', async () => {
    const config = await newConfig();
    const said: string[] = [];
    const memory = new MemoryManager(config, { onNotice: (sentence) => said.push(sentence) });
    closers.push(() => memory.close());
    const { uuid } = await memory.enqueueEpisode('Harbor uses Redis.');
    await memory
      .enqueueEpisode('Something else.', null, { uuid, spool: true })
      .catch((error) => said.push(error.message));

    await until('the sentence', () => said.some((sentence) => sentence.includes('belongs to another episode')));
  });

  test('keeps every one of many episodes', async () => {
    const config = await newConfig(wrongServers.nothing());
    const { memory } = opened(config);
    const many = Array.from({ length: 600 }, (_, index) => ({ content: `Harbor ${index}.` }));

    const receipts = await memory.enqueueEpisodes(many, { spool: true });

    expect(receipts.filter(({ spooled }) => spooled)).toHaveLength(600);
    expect(new Set(receipts.map(({ uuid }) => uuid)).size).toBe(600);
    expect(openSpool(config.home, 10_000).count()).toBe(600);
  });

  test('reports which of many are safe when Valkey stops halfway and the disk is full', async () => {
    const proxy = await startProxy(stores.config.valkey, 'resp');
    closers.push(() => proxy.close());
    const config = { ...(await newConfig(proxy.port)), spoolLimit: 10 };
    const { memory, tell } = opened(config);
    await until('the connection', async () => {
      await memory.drainSpool();
      // On a busy machine the spool may be full before Valkey answers in time.
      const receipt = await tell(1).catch(() => undefined);
      return receipt !== undefined && receipt.spooled === undefined;
    });
    await until('an empty spool', () => openSpool(config.home, 10).names().length === 0);
    const added: number[] = [];
    proxy.intercept({
      matches: (message) => message.some((part) => part.includes('Harbor part 256')),
      before: () => 'drop',
    });

    const many = Array.from({ length: 300 }, (_, index) => ({ content: `Harbor part ${index}.` }));
    // A machine that is too busy to answer the first question in time keeps none of them; then it is asked again.
    const refused = await until('the break in the middle', async () => {
      await memory.drainSpool();
      const options = { spool: true, onEnqueued: (count: number) => added.push(count) };
      const said = await memory.enqueueEpisodes(many, options).catch((error) => error.message);
      return added.length > 0 && String(said);
    });

    expect(refused).toMatch(
      /has room for \d+ more of 10 episodes\. .* The first 256 of 300 episodes are safe in the queue\.$/,
    );
    expect(added).toEqual([256]);
    expect(openSpool(config.home, 10).names()).toEqual([]);
  });

  test('continues its own trace when the spooled episode is queued', async () => {
    const config = { ...(await newConfig()), group: newGroup() };
    const traceparent = '00-0123456789abcdef0123456789abcdef-0123456789abcdef-01';
    const { newEpisode } = await import('../../../src/episode.ts');
    const episode = newEpisode('Harbor uses Redis.', null, config.group, 1000);
    openSpool(config.home, 10).keep([{ episode, hasCallerId: false, carrier: { traceparent } }]);

    const { memory } = opened(config);
    await until('an empty spool', async () => (await memory.drainSpool()).remaining === 0);

    const { Queue } = await import('bullmq');
    const queue = new Queue('store', {
      connection: { ...config.valkey, tls: undefined } as never,
      prefix: config.queuePrefix,
    });
    closers.push(() => queue.close());
    const job = await queue.getJob(episode.uuid);
    expect(carrierOf(job?.opts.telemetry)).toEqual({ traceparent });
  });

  test('is kept even at the first call of a process', async () => {
    const config = await newConfig(await wrongServers.silent());
    const program = `
      const { MemoryManager } = await import(${JSON.stringify(new URL('../../../src/memory.ts', import.meta.url).href)});
      const memory = new MemoryManager();
      const receipt = await memory.enqueueEpisode('Harbor uses Redis.', null, { spool: true });
      console.log(receipt.spooled);
      process.exit();`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      env: { PATH: process.env.PATH, ...environmentOf(config) },
      cwd: fileURLToPath(new URL('../../..', import.meta.url)),
      stdio: ['ignore', 'pipe', 'inherit'],
    });

    expect(await text(child.stdout)).toBe('true\n');
    expect(openSpool(config.home, 10).count()).toBe(1);
  });
});

describe('a spooled episode', () => {
  test('is queued by a worker', async () => {
    const config = await newConfig();
    const { newEpisode } = await import('../../../src/episode.ts');
    const episodes = [1, 2, 3].map((n) => newEpisode(`Harbor${n} uses Redis.`, null, config.group, 1000));
    for (const episode of episodes) openSpool(config.home, 10).keep([{ episode, hasCallerId: false, carrier: {} }]);
    const running = await startWorkers(config, ['store'], { languageModel: plainModel(), embedder: plainEmbedder() });
    closers.push(() => running.close());
    const { memory } = opened(config);

    await until('the commits', async () => (await memory.getJobCounts('store')).completed === 3);

    expect(openSpool(config.home, 10).names()).toEqual([]);
  });

  test('is queued by close if Valkey answers', async () => {
    const config = await newConfig();
    const memory = new MemoryManager(config);
    await memory.storeEpisode('Harbor uses Redis.', null, { spool: true });

    await memory.close();

    expect(openSpool(config.home, 10).names()).toEqual([]);
    expect(await queued(config)).toBe(1);
  });

  test('does not block close, and stays on disk, while Valkey is silent', async () => {
    const config = await newConfig(await wrongServers.silent());
    const memory = new MemoryManager(config);
    await memory.storeEpisode('Harbor uses Redis.', null, { spool: true });

    await memory.close();

    expect(openSpool(config.home, 10).count()).toBe(1);
  });
});

describe('the command line', () => {
  test('spools an episode with --no-wait while Valkey is down, and the next command queues it', async () => {
    const config = await newConfig();
    const away = environmentOf({ ...config, valkey: { ...config.valkey, port: wrongServers.nothing() } });

    const kept = await runCommand(['store', 'Harbor uses Redis.', '--no-wait'], away);
    const plain = await runCommand(['store', 'Harbor uses Redis.'], away);
    const fact = await runCommand(['fact', 'Mira', 'WORKS_ON', 'Harbor', '--no-wait'], away);
    const many = await runCommand(['store-many', '-', '--no-wait'], away, '{"content":"a"}\n{"content":"b"}\n');

    expect(kept).toMatchObject({ status: 0, stdout: expect.stringMatching(/^episode_\S+\n$/) });
    expect(kept.stderr).toBe(
      `Valkey does not answer; the episode is kept in ${join(config.home, 'spool')} until a command or a worker can queue it.\n`,
    );
    expect(plain).toMatchObject(
      failedWith(/^Valkey at .* does not answer.* With --no-wait it is kept on disk until then\.$/m),
    );
    expect(fact).toMatchObject({ status: 0, stderr: kept.stderr });
    expect(many).toMatchObject({ status: 0, stdout: '2 episodes stored.\n' });
    expect(many.stderr).toContain('2 episodes are kept in');
    expect(openSpool(config.home, 10).count()).toBe(4);

    const status = await runCommand(['status', '--json'], environmentOf(config));

    expect(JSON.parse(status.stdout)).toMatchObject({ valkey: { store: { waiting: 4 } }, spool: { episodes: 0 } });
  });

  test('does not mention the disk while Valkey answers', async () => {
    // A busy Valkey may accept an episode later than the command waits for it.
    const config = await until('an episode that is not kept on disk', async () => {
      const fresh = await newConfig();
      const stored = await runCommand(['store', 'Harbor uses Redis.', '--no-wait'], environmentOf(fresh));
      expect(stored).toMatchObject({ status: 0, stderr: expect.stringMatching(NO_OUTPUT_OR_SPOOLED) });
      return stored.stderr === '' && fresh;
    });

    expect(openSpool(config.home, 10).count()).toBe(0);
    expect(await queued(config)).toBe(1);
  });
});
