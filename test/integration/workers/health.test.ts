import { createServer, request } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import type { Config } from '../../../src/config.ts';
import { startFalkorDB, startValkey } from '../../../src/embedded/servers.ts';
import { newEpisode } from '../../../src/episode.ts';
import { ModelUnavailableError } from '../../../src/errors.ts';
import { MemoryManager } from '../../../src/memory.ts';
import type { LanguageModel } from '../../../src/models/language-model.ts';
import { readLiveWorkers, recordHeartbeat, type WorkerNote } from '../../../src/queue/heartbeats.ts';
import { openSpool } from '../../../src/queue/spool/spool.ts';
import { MINUTE, SECOND } from '../../../src/time.ts';
import { retryingConnection } from '../../../src/valkey/connections.ts';
import { startWorkers, type WorkerRole } from '../../../workers/main.ts';
import { ERROR_CONTENT, type Fault } from '../../support/fake-openai/faults.ts';
import { startFakeOpenAI } from '../../support/fake-openai/index.ts';
import { plainEmbedder, plainModel } from '../../support/models.ts';
import { useStoreConnections } from '../../support/store-connections.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

const stores = useStores();
const opened = useStoreConnections(stores);
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Answer {
  status: string;
  checks: { name: string; status: string; message: string }[];
  worker: { pid: number; roles: string[]; startedAt: string };
}

/** A worker whose `/health` answers, with a queue of its own. */
async function newWorker(
  differing: Partial<Config> = {},
  languageModel: LanguageModel | null = plainModel(),
  roles: readonly WorkerRole[] = ['store', 'export'],
) {
  const config = {
    ...stores.config,
    group: newGroup(),
    queuePrefix: `{${newGroup()}}`,
    home: `${stores.config.home}-${newGroup()}`,
    health: { host: '127.0.0.1', port: await takenPort() },
    ...differing,
  };
  const said: string[] = [];
  const running = await startWorkers(config, roles, {
    ...(languageModel && { languageModel, embedder: plainEmbedder() }),
    onNotice: (sentence) => said.push(sentence),
  });
  closers.push(() => running.close());
  const memory = new MemoryManager(config);
  closers.push(() => memory.close());
  const address = /answer at (\S+)\.$/.exec(said.find((sentence) => sentence.startsWith('Port ')) ?? '')?.[1] ?? '';
  const get = (path: string, options = {}) => fetch(address + path, options);
  const health = async () => {
    const response = await get('/health');
    return { code: response.status, ...((await response.json()) as Answer) };
  };
  return { config, memory, running, said, address, get, health };
}

/** Of a request under a host name, which `fetch` does not let one choose. */
function statusFor(address: string, path: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(address + path, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on('error', reject).end();
  });
}

/** Taken until the test ends, so that a worker has to find another. */
async function takenPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => server.close());
  return (server.address() as { port: number }).port;
}

const check = ({ checks }: Answer, name: string) => checks.find((one) => one.name.startsWith(name));

describe('/health', () => {
  test('is green for a working worker, with a reason for each check', async () => {
    const { memory, config, health } = await newWorker();
    await memory.storeEpisode('Harbor uses Redis.');
    await until('the commit', async () => (await memory.getJobCounts('store')).completed === 1);

    const answer = await health();

    expect(answer).toMatchObject({
      code: 200,
      status: 'ok',
      worker: { pid: process.pid, roles: ['store', 'export'], startedAt: expect.any(String) },
    });
    expect(check(answer, 'valkey')?.message).toMatch(/^It answered in \d+ ms\.$/);
    expect(check(answer, 'falkordb')?.message).toMatch(/^It answered in \d+ ms\.$/);
    expect(check(answer, 'model plain-1')).toMatchObject({
      status: 'ok',
      message: '1 of 1 calls of the last minute went well.',
    });
    expect(answer.checks.every(({ message }) => message.endsWith('.'))).toBe(true);
    expect(JSON.stringify(answer)).not.toContain(config.group);
  });

  test('is red when the model refuses every call, and green again after a successful call', async () => {
    let refuses = true;
    const model = plainModel();
    const extract: LanguageModel['extract'] = async (...args) => {
      if (refuses) throw new ModelUnavailableError('The server of the model refuses.');
      return plainModel().extract(...args);
    };
    const { memory, health } = await newWorker({}, { ...model, extract });
    for (let i = 0; i < 5; i += 1) await memory.storeEpisode(`Harbor${i} uses Redis.`);

    // A job that waits for the model makes the answer red too, and may do so first.
    const red = await until('a red model', async () => {
      const answer = await health();
      return answer.code === 503 && check(answer, 'model plain-1')?.status === 'red' && answer;
    });

    expect(red.status).toBe('red');
    refuses = false;
    await until('green', async () => (await health()).status === 'ok');
  });

  test.each(['wrong-key', 'server-error', 'quota', 'rate-limit', 'refusal'] as const)(
    'is red when the model server answers every call with %s',
    async (fault) => {
      const fake = await startFakeOpenAI({ faultOf: () => ({ kind: fault }) as Fault });
      closers.push(() => fake.close());
      const openai = { ...stores.config.openai, baseUrl: fake.url, model: 'gpt-test', apiKey: 'sk-test-canary' };
      const { memory, get } = await newWorker({ models: 'openai', openai }, null);
      for (let i = 0; i < 4; i += 1) await memory.storeEpisode(`Harbor${i} uses Redis.`);

      // A job that waits for the model makes it red too, and may do so first.
      const body = await until('a red model', async () => {
        const response = await get('/health');
        const text = await response.text();
        return response.status === 503 && check(JSON.parse(text), 'model gpt-test')?.status === 'red' && text;
      });

      expect(body).not.toContain('canary');
      expect(body).not.toContain(ERROR_CONTENT);
    },
  );

  test.each([
    ['valkey', startValkey],
    ['falkordb', startFalkorDB],
  ] as const)('is red while %s does not answer, and green when it answers again', async (name, start) => {
    const server = await start();
    closers.push(() => server.stop());
    const { health, get } = await newWorker({ [name]: { host: server.host, port: server.port, tls: false } });
    const untilMetric = (value: number) =>
      until(`the metric ${value}`, async () =>
        (await (await get('/metrics')).text()).includes(`opencode_memory_server_up{server="${name}"} ${value}`),
      );
    await untilMetric(1);

    await server.kill('SIGSTOP');
    const frozen = await until('a red server', async () => {
      const answer = await health();
      return answer.code === 503 && check(answer, name)?.status === 'red' && answer;
    });
    await untilMetric(0);
    await server.kill('SIGCONT');

    expect(check(frozen, name)).toMatchObject({ status: 'red', message: expect.stringMatching(/not answer/) });
    await until('green', async () => (await health()).code === 200);
    await untilMetric(1);
  });

  test('is degraded with dead letters, and still returns 200', async () => {
    const { memory, config, health } = await newWorker();
    const { Queue } = await import('bullmq');
    const connection = retryingConnection(config.valkey);
    const queue = new Queue('store', { connection, prefix: config.queuePrefix });
    closers.push(async () => {
      await queue.close();
      connection.disconnect();
    });
    await queue.add('store', { version: 0 }, { jobId: 'unreadable' });
    await until('the dead letter', async () => (await memory.getJobCounts('store')).failed === 1);

    expect(check(await health(), 'dead letters')).toEqual({
      name: 'dead letters',
      status: 'degraded',
      message: '1 job was given up; `memory-manager dead-letter list` shows why.',
    });
    expect((await health()).code).toBe(200);
  });

  test('is degraded while spooled episodes wait on disk', async () => {
    const { config, health } = await newWorker();
    const spool = openSpool(config.home, 10);
    const episode = newEpisode('Harbor uses Redis.', null, config.group, 1000);
    spool.storeUnreadable([{ episode, hasCallerId: false, carrier: {} }]);

    expect(check(await health(), 'spool')).toMatchObject({ status: 'degraded' });
  });

  test('fails with a clear message if its address is unusable', async () => {
    const worker = newWorker({ health: { host: '203.0.113.1', port: 9464 } });

    await expect(worker).rejects.toThrow(
      /^\/health cannot answer at 203\.0\.113\.1:9464 \(E\w+\); check MEMORY_HEALTH_HOST and MEMORY_HEALTH_PORT\.$/,
    );
  });

  test('serves no other paths and no unknown host names', async () => {
    const { get, address } = await newWorker({ allowedHosts: ['prometheus.example'] });

    expect((await get('/live')).status).toBe(200);
    expect((await get('/ready', { method: 'HEAD' })).status).toBe(200);
    expect((await get('/etc/passwd')).status).toBe(404);
    for (const path of ['/health', '/live', '/ready', '/metrics', '/other'])
      expect(await statusFor(address, path, 'evil.example')).toBe(403);
    expect(await statusFor(address, '/live', 'prometheus.example')).toBe(200);
    expect((await get('/health', { method: 'POST' })).status).toBe(405);
  });
});

describe('/metrics', () => {
  test('has the metrics of both queues and our own, each once', async () => {
    const { memory, get } = await newWorker();
    await memory.storeEpisode('Harbor uses Redis.');
    await until('the commit', async () => (await memory.getJobCounts('store')).completed === 1);

    const text = await until('the totals', async () => {
      const told = await (await get('/metrics')).text();
      return told.includes('bullmq_job_completed_total{queue="store"} 1') && told;
    });

    expect(text).toContain('bullmq_job_count{queue="export", state="waiting"} 0');
    expect(text).toMatch(/^opencode_memory_queue_jobs\{queue="store",state="completed"\} 1$/m);
    expect(text).toMatch(/^opencode_memory_queue_oldest_waiting\{queue="store"\} 0$/m);
    expect(text).toMatch(/^opencode_memory_spool_episodes 0$/m);
    const types = text.split('\n').filter((line) => line.startsWith('# TYPE'));
    expect(new Set(types).size).toBe(types.length);
  });
});

describe('a worker', () => {
  test('is listed while it runs, and its last commit remains known afterwards', async () => {
    const { memory, running } = await newWorker();
    await memory.storeEpisode('Harbor uses Redis.');
    await until('the commit', async () => (await memory.getJobCounts('store')).completed === 1);

    const alive = await until('the beat', async () => {
      const { valkey } = await memory.getStatus();
      return valkey.ok && valkey.liveWorkers.length === 1 && valkey;
    });
    await running.close();
    const { valkey: after } = await memory.getStatus();

    expect(alive.liveWorkers[0]).toMatchObject({
      pid: process.pid,
      roles: ['store', 'export'],
      state: 'working',
      healthUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    });
    expect(after).toMatchObject({ liveWorkers: [], workers: 0, lastCommitAgeMs: expect.any(Number) });
  });

  test('that missed three heartbeats counts as gone, by the clock of Valkey', async () => {
    const prefix = `{${newGroup()}}`;
    const note: WorkerNote = {
      ...{ id: 'one', pid: 1, host: 'here', roles: ['store'], started: new Date(0).toISOString() },
      ...{ state: 'working', health: null, models: {} },
    };
    await recordHeartbeat(opened.valkey, prefix, note, 5 * SECOND);
    const { now } = await readLiveWorkers(opened.valkey, prefix);
    const old = { version: 1, at: now - 16 * SECOND, note: { ...note, id: 'old' } };
    const ancient = { version: 1, at: now - 61 * MINUTE, note: { ...note, id: 'ancient' } };
    await opened.valkey.hset(`${prefix}:workers`, 'old', JSON.stringify(old), 'ancient', JSON.stringify(ancient));
    await opened.valkey.hset(`${prefix}:workers`, 'newer', '{"version":2}');

    const { workers, lastCommit, lastHeartbeat } = await readLiveWorkers(opened.valkey, prefix);
    await recordHeartbeat(opened.valkey, prefix, note, 60 * SECOND);

    expect(workers.map(({ id }) => id)).toEqual(['one']);
    expect(lastHeartbeat).toBeGreaterThan(old.at);
    expect((await readLiveWorkers(opened.valkey, prefix)).lastCommit).toBe(lastCommit);
    expect((await opened.valkey.hkeys(`${prefix}:workers`)).sort()).toEqual(['newer', 'old', 'one']);
  });
});
