import { mkdir, writeFile } from 'node:fs/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { newEpisode } from '../../../src/episode.ts';
import { runningFile } from '../../../src/home.ts';
import { MemoryManager } from '../../../src/memory.ts';
import { PASSAGE_VERSION } from '../../../src/passages/passages.ts';
import { recordHeartbeat } from '../../../src/queue/heartbeats.ts';
import { openSpool } from '../../../src/queue/spool/spool.ts';
import { MINUTE, SECOND } from '../../../src/time.ts';
import { retryingConnection } from '../../../src/valkey/connections.ts';
import { startWorkers } from '../../../workers/main.ts';
import { environmentOf, runCommand } from '../../support/command-line.ts';
import { plainEmbedder, plainModel } from '../../support/models.ts';
import { useStoreConnections } from '../../support/store-connections.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';
import { wrongServers } from '../../support/wrong-servers.ts';

const stores = useStores();
const opened = useStoreConnections(stores);
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function newMemory() {
  const config = {
    ...stores.config,
    group: newGroup(),
    queuePrefix: `{${newGroup()}}`,
    home: `${stores.config.home}-${newGroup()}`,
  };
  const memory = new MemoryManager(config);
  closers.push(() => memory.close());
  return { config, memory, run: (...args: string[]) => runCommand(['status', ...args], environmentOf(config)) };
}

/** A command on a busy machine takes longer than a worker without a heartbeat counts as alive. */
async function whileBeating<T>(beat: () => Promise<void>, work: () => Promise<T>): Promise<T> {
  await beat();
  const beats: Promise<void>[] = [];
  const timer = setInterval(() => beats.push(beat()), SECOND);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    await Promise.all(beats);
  }
}

describe('status', () => {
  test('reports that Valkey has fewer replicas than VALKEY_COPIES requires', async () => {
    const { config, run } = newMemory();

    const { stdout } = await runCommand(['status'], { ...environmentOf(config), VALKEY_COPIES: '1' });

    expect(stdout).toContain(
      '\nCopies   VALKEY_COPIES asks for 1, and Valkey has 0 replicas (in a cluster, its primary with the fewest); texts may be spooled or refused\n',
    );
    expect((await run()).stdout).not.toContain('Copies');
  });

  test('reports that FalkorDB has fewer replicas than FALKORDB_COPIES requires', async () => {
    const { config, run } = newMemory();

    const { stdout } = await runCommand(['status'], { ...environmentOf(config), FALKORDB_COPIES: '1' });

    expect(stdout).toContain(
      '\nCopies   FALKORDB_COPIES asks for 1, and FalkorDB has 0 replicas; commits are made, but their jobs wait\n',
    );
    expect((await run()).stdout).not.toContain('Copies');
  });

  test('store reports that too few replicas have the text, and where the text is', async () => {
    const { config } = newMemory();
    const environment = { ...environmentOf(config), VALKEY_COPIES: '1' };

    const refused = await runCommand(['store', 'Harbor uses Redis.'], environment);
    const spooled = await runCommand(['store', 'Tower uses Kafka.', '--no-wait'], environment);

    const problem = 'has 0 of the 1 copies that VALKEY_COPIES asks for;';
    expect(refused.stderr).toContain(`${problem} check its replicas. With --no-wait it is kept on disk until then.\n`);
    expect(refused.status).toBe(1);
    expect(spooled.stderr).toContain(`Valkey ${problem} the episode is kept in ${config.home}/spool until`);
    expect(spooled.status).toBe(0);
  });

  test('reports that VALKEY_URL does not point to the Valkey that up started', async () => {
    const { config } = newMemory();
    await mkdir(config.home, { recursive: true });
    await writeFile(runningFile(config.home), '{"settings": {"VALKEY_HOST": "127.0.0.1", "VALKEY_PORT": "7001"}}');
    const { VALKEY_HOST: host = '', VALKEY_PORT: port = '', ...others } = environmentOf(config);

    const { stdout, status } = await runCommand(['status'], { ...others, VALKEY_URL: `redis://${host}:${port}` });

    expect(status).toBe(0);
    expect(stdout).toContain(
      `Settings VALKEY_URL leads to ${host}:${port}, so the Valkey of \`memory-manager up\` at 127.0.0.1:7001 is not used; unset VALKEY_URL to use it.\n`,
    );
  });

  test('reports that no worker runs, how to start one, and how long the oldest job has waited', async () => {
    const { memory, run } = newMemory();
    await memory.storeEpisode('Harbor uses Redis.');

    const { stdout, status } = await run();

    expect(status).toBe(0);
    expect(stdout).toMatch(/^Valkey {3}answers \([\d.]+ ms\)\nFalkorDB answers \([\d.]+ ms\)\n/);
    expect(stdout).toContain('Workers  0; start one with `memory-manager up` or `memory-manager worker`\n');
    expect(stdout).toMatch(/^Store {4}1 waiting, 0 active, 0 delayed, 0 failed, 0 done, oldest waiting for \d+ s$/m);
  });

  test('lists each worker, its health URL, and the last commit', async () => {
    const { config, memory, run } = newMemory();
    const running = await startWorkers(config, ['store'], { languageModel: plainModel(), embedder: plainEmbedder() });
    closers.push(() => running.close());
    await memory.storeEpisode('Harbor uses Redis.');
    await until('the commit', async () => (await memory.getJobCounts('store')).completed === 1);
    await until('a beat after it', async () => {
      const { valkey } = await memory.getStatus();
      return valkey.ok && valkey.lastCommitAgeMs !== null;
    });

    const [plain, json] = [await run(), await run('--json')];

    expect(plain.stdout).toMatch(/^Workers {2}1\n {9}process \d+ on \S+: store$/m);
    expect(plain.stdout).toMatch(
      /^Model {4}plain-1: answers, \d of \d calls in the last minute succeeded, breaker closed$/m,
    );
    expect(plain.stdout).toMatch(/^Commit {3}\d+ s ago$/m);
    expect(JSON.parse(json.stdout)).toMatchObject({
      group: config.group,
      valkey: {
        ok: true,
        latencyMs: expect.any(Number),
        workers: 1,
        liveWorkers: [{ pid: process.pid, roles: ['store'], state: 'working', healthUrl: null }],
        models: { 'plain-1': { breaker: 'closed', failedInARow: 0 } },
        store: { waiting: 0, active: 0, delayed: 0, failed: 0, completed: 1, oldestWaitingMs: null },
        export: { waiting: 0, oldestWaitingMs: null },
        lastCommitAgeMs: expect.any(Number),
      },
      falkordb: { ok: true, latencyMs: expect.any(Number), graph: { episodes: 1, entities: 2, facts: 1 } },
      spool: { episodes: 0, unreadable: 0 },
    });
  });

  test('reports how many episodes have passages, as long as some have none', async () => {
    const { config, run } = newMemory();
    const graph = opened.graphs.group(config.group);
    await graph.write(
      `CREATE (:Episodic {uuid: 'a', content: 'Harbor uses Redis.', source: 'text'}), (:Episodic {uuid: 'b', content: 'So.', source: 'text'}),
         (:_Passage {passage: 'c', episode: 'b', ordinal: 0, version: $version})`,
      { version: PASSAGE_VERSION },
    );

    const [plain, json] = [await run(), await run('--json')];
    await graph.write("MATCH (p:Episodic {uuid: 'a'}) DELETE p");
    const complete = await run();

    expect(plain.stdout).toContain('Passages 1 of 2 episodes have passages; a worker adds the others\n');
    expect(JSON.parse(json.stdout)).toMatchObject({ falkordb: { passages: { cut: 1, episodes: 2 } } });
    expect(complete.stdout).not.toContain('Passages');
  });

  test('shows for each model the worst state that any worker saw', async () => {
    const { config, run } = newMemory();
    const worker = {
      ...{ pid: 1, host: 'here', roles: ['store'], started: new Date().toISOString() },
      ...{ state: 'working' as const, health: 'http://127.0.0.1:9464' },
    };
    const [well, ill] = [
      { breaker: 'closed' as const, ok: 5, failed: 0, failedInARow: 0 },
      { breaker: 'open' as const, ok: 0, failed: 4, failedInARow: 4 },
    ];
    const beat = async () => {
      await recordHeartbeat(opened.valkey, config.queuePrefix, { ...worker, id: 'a', models: { gpt: ill } }, null);
      await recordHeartbeat(
        opened.valkey,
        config.queuePrefix,
        { ...worker, id: 'b', models: { gpt: well } },
        3 * MINUTE,
      );
    };

    const { stdout } = await whileBeating(beat, run);

    expect(stdout).toContain(
      'Model    gpt: last 4 calls failed, 5 of 9 calls in the last minute succeeded, breaker open\n',
    );
    expect(stdout).toContain('process 1 on here: store, http://127.0.0.1:9464/health\n');
    expect(stdout).toMatch(/^Commit {3}(?:1[89]|[2-9]\d)\d s ago$/m);
  });

  test('leaves out a disconnected worker, and reports that an idle model was not called', async () => {
    const { config, run } = newMemory();
    const worker = {
      ...{ host: 'here', roles: ['store'], started: new Date().toISOString() },
      ...{ state: 'working' as const, health: null },
    };
    const idle = { breaker: 'closed' as const, ok: 0, failed: 0, failedInARow: 0 };
    const ill = { breaker: 'open' as const, ok: 0, failed: 4, failedInARow: 4 };
    const killed = retryingConnection(config.valkey);
    const { queuePrefix } = config;
    const beat = () =>
      recordHeartbeat(opened.valkey, queuePrefix, { ...worker, id: 'b', pid: 2, models: { gpt: idle } }, null);
    const last = () =>
      recordHeartbeat(killed, queuePrefix, { ...worker, id: 'killed', pid: 1, models: { gpt: ill } }, null);
    const before = await whileBeating(async () => void (await Promise.all([beat(), last()])), run);
    killed.disconnect();

    const after = await until('its end', async () => {
      const { stdout } = await whileBeating(beat, run);
      return !stdout.includes('process 1') && stdout;
    });

    expect(before.stdout).toContain('process 1 on here: store\n');
    expect(after).toContain('process 2 on here: store\n');
    expect(after).toContain('Model    gpt: no calls in the last minute, breaker closed\n');
  });

  test('reports spooled episodes while Valkey is down, and fails', async () => {
    const { config } = newMemory();
    const spool = openSpool(config.home, 10);
    const episode = newEpisode('Harbor uses Redis.', null, config.group, 1000);
    spool.keep([{ episode, hasCallerId: false, carrier: {} }]);
    spool.storeUnreadable([{ episode, hasCallerId: false, carrier: {} }]);
    const away = { ...config.valkey, port: wrongServers.nothing() };

    const { stdout, status } = await runCommand(['status'], environmentOf({ ...config, valkey: away }));

    expect(status).toBe(1);
    expect(stdout).toMatch(/^Valkey at .* does not answer/);
    expect(stdout).toContain('Spool    1 episode on disk, waiting for Valkey\n');
    expect(stdout).toMatch(/^Spool {4}1 file in .*spool\/unreadable that could not be queued$/m);
  });
});
