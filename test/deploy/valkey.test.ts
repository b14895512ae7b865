import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Address, Config } from '../../src/config.ts';
import { type Server, startFalkorDB, startValkey } from '../../src/embedded/servers.ts';
import { MemoryManager } from '../../src/memory.ts';
import { jobCounts } from '../../src/queue/queue-state.ts';
import { openQueues } from '../../src/queue/queues.ts';
import { readServers } from '../../src/valkey/server-info.ts';
import { type RunningWorkers, startWorkers } from '../../workers/main.ts';
import { environmentOf, runCommand } from '../support/command-line.ts';
import { attemptsOf } from '../support/deploy/attempts.ts';
import { deployedConfig } from '../support/deploy/deployed-config.ts';
import { type Deployment, startCluster, startSentinels } from '../support/deploy/deployments.ts';
import { startProcess } from '../support/deploy/server-process.ts';
import { plainEmbedder, plainModel } from '../support/models.ts';
import { newGroup } from '../support/stores.ts';
import { until } from '../support/wait.ts';

const STORES = 60;
const GROUPS = 3;

/** On whichever node they are. */
async function cachedAnswers({ servers }: Deployment, group: string): Promise<number> {
  const keys = await Promise.all(servers.map(({ client }) => client.keys(`query:{${group}}:*`)));
  return new Set(keys.flat()).size;
}

/** The settings that name the deployment. */
function environment({ topology }: Address, config: Config): Record<string, string> {
  const nodes = topology?.nodes.map(({ host, port }) => `${host}:${port}`).join(',') ?? '';
  const { VALKEY_HOST: _, VALKEY_PORT: __, ...others } = environmentOf(config);
  return topology?.kind === 'sentinel'
    ? { ...others, VALKEY_NODES: nodes, VALKEY_SENTINEL_NAME: topology.name }
    : { ...others, VALKEY_URL: `redis+cluster://${nodes}` };
}

describe.each([
  ['Valkey with sentinels', startSentinels],
  ['a Valkey cluster', startCluster],
])('%s', (_, start) => {
  let valkey: Deployment;
  let falkordb: Server;
  let folder: string;
  let config: Config;
  let memory: MemoryManager;
  const workers: RunningWorkers[] = [];
  const notices: string[] = [];

  beforeAll(async () => {
    [valkey, falkordb, folder] = await Promise.all([
      start(),
      startFalkorDB(),
      mkdtemp(join(tmpdir(), 'memory-deploy-')),
    ]);
    config = deployedConfig(folder, valkey.address, falkordb);
    const [languageModel, embedder] = [plainModel(), plainEmbedder()];
    for (let count = 0; count < 2; count += 1)
      workers.push(
        await startWorkers(config, ['store', 'export'], {
          ...{ languageModel, embedder },
          onNotice: (sentence) => notices.push(sentence),
        }),
      );
    memory = new MemoryManager(config, { languageModel, embedder });
  });
  afterAll(async () => {
    await memory?.close();
    await Promise.all(workers.map((worker) => worker.close()));
    await Promise.all([valkey?.stop(), falkordb?.stop()]);
    await rm(folder, { recursive: true, force: true });
  });

  test('supports every feature', async () => {
    const groups = Array.from({ length: GROUPS }, () => newGroup());
    const receipts = await memory.enqueueEpisodes(
      groups.flatMap((group) => ['Harbor uses Valkey.', 'Tower uses Kafka.'].map((content) => ({ content, group }))),
    );
    for (const receipt of receipts) await memory.waitFor(receipt);
    const [group = '', other = ''] = groups;

    expect(await memory.queryMemory('What does Harbor use?', 5, { group })).toContain('Harbor uses Valkey');
    expect((await memory.getEntities(undefined, { group })).map(({ name }) => name).sort()).toEqual([
      'Harbor',
      'Kafka',
      'Tower',
      'Valkey',
    ]);
    const fact = await memory.enqueueFact({ source: 'Harbor', relation: 'RUNS_ON', target: 'Linux' }, null, { group });
    await memory.waitFor(fact);
    expect((await memory.getEntities(undefined, { group })).map(({ name }) => name)).toContain('Linux');

    expect(await memory.export({ group })).toMatchObject({ episodes: 3 });
    expect((await memory.getStatus({ group })).valkey).toMatchObject({ ok: true, workers: 2, liveWorkers: [{}, {}] });

    const [first] = receipts;
    for (const search of ['Valkey', 'Harbor', 'Tower']) await memory.queryMemory(search, 5, { group });
    expect(await cachedAnswers(valkey, group)).toBeGreaterThanOrEqual(4);
    await memory.forget({ episode: first?.jobId ?? '' }, { group });
    expect(await cachedAnswers(valkey, group)).toBe(0);
    expect(await memory.queryMemory('What does Harbor use?', 5, { group })).not.toContain('Harbor uses Valkey');
    expect(await memory.queryMemory('What does Harbor use?', 5, { group: other })).toContain('Harbor uses Valkey');
    // No rejected command of the client may go unnoticed.
    expect(notices.filter((notice) => !/journal/i.test(notice))).toEqual([]);
  });

  test('is the server that the settings name', async () => {
    const settings = environment(config.valkey, config);
    const stored = await runCommand(['store', 'Anchor uses Valkey.', '--json'], settings);
    expect(stored).toMatchObject({ status: 0, stderr: '' });
    await memory.waitFor({ queue: 'store', jobId: JSON.parse(stored.stdout).uuid });
    const { status, stdout } = await runCommand(['status', '--json'], settings);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ valkey: { ok: true, workers: 2 }, spool: { episodes: 0 } });
  });

  test('keeps everything it acknowledged when the queue primary is killed', async () => {
    const groups = Array.from({ length: GROUPS }, () => newGroup());
    const acknowledged: string[] = [];
    const primary = await valkey.primaryOf(`${config.queuePrefix}:store:wait`);
    let killed: Promise<void> | undefined;
    for (let index = 0; index < STORES; index += 1) {
      const group = groups[index % GROUPS] ?? '';
      const { uuid } = await memory.enqueueEpisode(`Harbor${index} uses Valkey.`, null, { group, spool: true });
      acknowledged.push(uuid);
      if (index === STORES / 2) {
        // This test is not about unreplicated writes.
        await until('a replica with all of it', async () => {
          const info = await primary.client.info('replication');
          const [, own] = /master_repl_offset:(\d+)/.exec(info) ?? [];
          return [...info.matchAll(/offset=(\d+)/g)].some(([, offset]) => offset === own);
        });
        killed = primary.kill();
      }
    }
    await killed;
    await until('an empty spool', async () => {
      await memory.drainSpool().catch(() => {});
      return (await memory.getStatus()).spool.episodes === 0;
    });
    for (const uuid of acknowledged) await memory.waitFor({ queue: 'store', jobId: uuid });
    // A failover does not count as a failed job.
    expect([...new Set(await attemptsOf(config, acknowledged))]).toEqual([1]);

    const queues = openQueues(config);
    try {
      const counts = await jobCounts(queues, 'store');
      expect({ failed: counts.failed, waiting: counts.waiting, delayed: counts.delayed }).toEqual({
        failed: 0,
        waiting: 0,
        delayed: 0,
      });
    } finally {
      await queues.close();
    }
  });
});

describe('settings that do not match the servers', () => {
  const stops: (() => Promise<void>)[] = [];
  afterAll(() => Promise.all(stops.map((stop) => stop())));

  test('are rejected with a message that names the correct setting', async () => {
    const single = await startValkey();
    stops.push(() => single.stop());
    const node = await startProcess(() => ['appendonly yes', 'cluster-enabled yes', 'cluster-config-file nodes.conf']);
    stops.push(() => node.stop());
    const nodes = [{ host: single.host, port: single.port }];
    const at = { ...nodes[0], host: single.host, port: single.port, tls: false };
    const read = (address: Address) =>
      readServers('Valkey', address).then(
        () => 'accepted',
        ({ message }) => message,
      );

    expect(await read(at)).toBe('accepted');
    expect(await read({ host: node.host, port: node.port, tls: false })).toBe(
      `The server at 127.0.0.1:${node.port} is a node of a cluster; set VALKEY_NODES to some of its nodes instead of VALKEY_HOST and VALKEY_PORT.`,
    );
    expect(await read({ ...at, topology: { kind: 'cluster', nodes } })).toBe(
      `Valkey at the cluster 127.0.0.1:${single.port} does not run as a cluster; set VALKEY_HOST and VALKEY_PORT, or with VALKEY_NODES also VALKEY_SENTINEL_NAME.`,
    );
    expect(await read({ ...at, topology: { kind: 'sentinel', nodes, name: 'main' } })).toBe(
      `No sentinel answers at 127.0.0.1:${single.port}; set VALKEY_NODES to the sentinels, not to the servers that they watch.`,
    );
  });

  test('an unreachable deployment is reported with its nodes', async () => {
    const nodes = [
      { host: '127.0.0.1', port: 1 },
      { host: '127.0.0.1', port: 2 },
    ];
    const at = { host: '127.0.0.1', port: 1, tls: false };
    const read = (address: Address) =>
      readServers('Valkey', address).then(
        () => 'accepted',
        ({ message }) => message,
      );

    expect(await read({ ...at, topology: { kind: 'cluster', nodes } })).toBe(
      'Valkey at the cluster 127.0.0.1:1, 127.0.0.1:2 does not answer; start it or check VALKEY_NODES.',
    );
    expect(await read({ ...at, topology: { kind: 'sentinel', nodes, name: 'main' } })).toBe(
      'Valkey at "main" of the sentinels 127.0.0.1:1, 127.0.0.1:2 does not answer; start it or check VALKEY_NODES and VALKEY_SENTINEL_NAME.',
    );
  });
});

test('a server whose port has been taken since the last start moves to another port', async () => {
  const other = await startProcess(() => []);
  const taken = [`port ${other.port}`];
  const started = await startProcess(() => taken.splice(0));

  expect(started.port).not.toBe(other.port);
  expect(await started.client.ping()).toBe('PONG');
  await Promise.all([started.stop(), other.stop()]);
});
