import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Queue } from 'bullmq';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startServers } from '../../../src/embedded/servers.ts';
import { MemoryManager } from '../../../src/memory.ts';
import { retryingConnection } from '../../../src/valkey/connections.ts';
import { startWorkers } from '../../../workers/main.ts';
import { environmentOf, startCommand } from '../../support/command-line.ts';
import { startFakeOpenAI } from '../../support/fake-openai/index.ts';
import { plainEmbedder, plainModel } from '../../support/models.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

const CLOSING_WORKER = fileURLToPath(new URL('../../support/closing-worker.ts', import.meta.url));
const addressOf = ({ host, port }: { host: string; port: number }) => ({ host, port });

const stores = useStores();
const closers: (() => unknown)[] = [];
let config: typeof stores.config;
beforeEach(() => {
  config = { ...stores.config, queuePrefix: `{${newGroup()}}`, group: newGroup() };
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function openMemory() {
  const memory = new MemoryManager(config);
  const connection = retryingConnection(config.valkey);
  const queue = new Queue('store', { connection, prefix: config.queuePrefix });
  closers.push(
    () => connection.disconnect(),
    () => queue.close(),
    () => memory.close(),
  );
  return { memory, queue };
}

/** The real program with a model that never answers; it says when it is ready. */
async function startProgram() {
  const fake = await startFakeOpenAI({ faultOf: ({ purpose }) => (purpose === 'extract' ? 'hang' : undefined) });
  closers.push(() => fake.close());
  const environment = { ...environmentOf(config), MEMORY_MODELS: 'openai', OPENAI_BASE_URL: fake.url };
  const worker = startCommand(['worker'], { ...environment, MEMORY_HEALTH_PORT: '0' });
  closers.push(() => worker.kill('SIGKILL'));
  let said = '';
  worker.stderr?.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  await until('the worker', () => said.includes('is ready'));
  const ended = once(worker, 'exit').then(([status]) => ({ status }));
  return { worker, fake, ended };
}

describe('a worker that shuts down', () => {
  test('waits for jobs that end soon and returns the others to the queue without counting an attempt', async () => {
    const { memory, queue } = openMemory();
    const { promise, resolve } = Promise.withResolvers<void>();
    const plain = plainModel();
    const asked: string[] = [];
    const languageModel = {
      ...plain,
      extract: async (episode: Parameters<typeof plain.extract>[0]) => {
        asked.push(episode.content);
        await (episode.content.includes('Slow') ? new Promise<never>(() => {}) : promise);
        return plain.extract(episode);
      },
    };
    const running = await startWorkers(config, ['store'], { languageModel, embedder: plainEmbedder() });
    const [soon, slow] = await memory.enqueueEpisodes([
      { content: 'Harbor uses Redis.' },
      { content: 'Slow uses Redis.' },
    ]);
    await until('both', () => asked.length === 2);

    const closed = running.close();
    resolve();
    await closed;

    expect(await queue.getJobState(soon?.uuid ?? '')).toBe('completed');
    expect(await queue.getJobState(slow?.uuid ?? '')).toBe('waiting');
    expect(await queue.getJob(slow?.uuid ?? '')).toMatchObject({ attemptsMade: 0 });

    const again = await startWorkers(config, ['store'], { languageModel: plain, embedder: plainEmbedder() });
    closers.push(() => again.close());
    await memory.waitFor({ queue: 'store', jobId: slow?.uuid ?? '' });
    expect((await memory.getGraphSize()).episodes).toBe(2);
  });
});

describe('the worker process', () => {
  test('returns unfinished jobs to the queue and exits with 0', async () => {
    const { memory, queue } = openMemory();
    const { worker, fake, ended } = await startProgram();
    const { uuid } = await memory.enqueueEpisode('Harbor uses Redis.');
    await until('the job', () => fake.called('extract').length === 1);

    worker.kill('SIGTERM');
    const { status } = await ended;

    expect(status).toBe(0);
    expect(await queue.getJobState(uuid)).toBe('waiting');
    expect(await queue.getJob(uuid)).toMatchObject({ attemptsMade: 0 });
  });

  test('leaves no connection behind when Valkey stops answering before the close', async () => {
    const servers = await startServers({ env: {} });
    if (!servers.own) throw new Error('this test needs servers of its own');
    closers.push(() => servers.stop());
    const { valkey, falkordb } = servers;
    const environment = environmentOf({
      ...config,
      valkey: { ...config.valkey, ...addressOf(valkey) },
      falkordb: { ...config.falkordb, ...addressOf(falkordb) },
    });
    const program = spawn(process.execPath, [CLOSING_WORKER], { env: { ...process.env, ...environment } });
    closers.push(() => program.kill('SIGKILL'));
    const ended = once(program, 'exit');
    let said = '';
    program.stdout.setEncoding('utf8').on('data', (text) => {
      said += text;
    });
    await until('the workers', () => said.includes('ready'));

    await valkey.kill('SIGSTOP');
    program.stdin.write('close\n');
    await until('the close', () => said.includes('closed'));
    await valkey.kill('SIGKILL');

    expect(await ended).toEqual([0, null]);
  });

  test('exits at once at a second signal', async () => {
    const { memory } = openMemory();
    const { worker, fake, ended } = await startProgram();
    await memory.enqueueEpisode('Harbor uses Redis.');
    await until('the job', () => fake.called('extract').length === 1);

    worker.kill('SIGINT');
    await until('the second signal', () => {
      worker.kill('SIGINT');
      return worker.exitCode !== null;
    });

    expect(await ended).toMatchObject({ status: 1 });
  });

  test.each([
    ['valkey', 'SIGKILL'],
    ['valkey', 'SIGSTOP'],
    ['falkordb', 'SIGSTOP'],
  ] as const)('exits although %s is stopped by %s', async (name, signal) => {
    const servers = await startServers({ env: {} });
    if (!servers.own) throw new Error('this test needs servers of its own');
    closers.push(() => servers.stop());
    const { valkey, falkordb } = servers;
    config = {
      ...config,
      valkey: { host: valkey.host, port: valkey.port, tls: false },
      falkordb: { host: falkordb.host, port: falkordb.port, tls: false },
    };
    const memory = new MemoryManager(config);
    const { worker, fake, ended } = await startProgram();
    await memory.enqueueEpisode('Harbor uses Redis.');
    await until('the job', () => fake.called('extract').length === 1);
    await memory.close();
    await servers[name].kill(signal);

    worker.kill('SIGTERM');
    const { status } = await ended;

    expect(status).toBe(0);
  });
});
