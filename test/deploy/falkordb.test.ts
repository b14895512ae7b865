import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Server, startValkey } from '../../src/embedded/servers.ts';
import { MemoryManager } from '../../src/memory.ts';
import { type RunningWorkers, startWorkers } from '../../workers/main.ts';
import { attemptsOf } from '../support/deploy/attempts.ts';
import { deployedConfig } from '../support/deploy/deployed-config.ts';
import { type Deployment, startSentinels } from '../support/deploy/deployments.ts';
import { plainEmbedder, plainModel } from '../support/models.ts';
import { until } from '../support/wait.ts';

const STORES = 40;

let falkordb: Deployment;
let valkey: Server;
let folder: string;
let memory: MemoryManager;
let worker: RunningWorkers;

beforeAll(async () => {
  [falkordb, valkey, folder] = await Promise.all([
    startSentinels({ withGraphs: true }),
    startValkey(),
    mkdtemp(join(tmpdir(), 'memory-deploy-')),
  ]);
  const config = deployedConfig(folder, valkey, falkordb.address);
  const parts = { languageModel: plainModel(), embedder: plainEmbedder() };
  worker = await startWorkers(config, ['store'], parts);
  memory = new MemoryManager(config, parts);
});
afterAll(async () => {
  await memory?.close();
  await worker?.close();
  await Promise.all([falkordb?.stop(), valkey?.stop()]);
  await rm(folder, { recursive: true, force: true });
});

test('jobs wait while the sentinels replace a killed FalkorDB primary', async () => {
  const first = await memory.enqueueEpisode('Harbor uses Valkey.');
  await memory.waitFor(first);
  const primary = await falkordb.primaryOf('');
  await until('a replica with the graph', async () => {
    const info = await primary.client.info('replication');
    const [, own] = /master_repl_offset:(\d+)/.exec(info) ?? [];
    return [...info.matchAll(/offset=(\d+)/g)].some(([, offset]) => offset === own);
  });
  await primary.kill();
  const receipts = await memory.enqueueEpisodes(
    Array.from({ length: STORES }, (_, index) => ({ content: `Tower${index} uses Kafka.` })),
  );
  for (const receipt of receipts) await memory.waitFor(receipt);

  // A failover does not count as a failed job.
  const jobIds = receipts.map(({ jobId }) => jobId);
  expect([...new Set(await attemptsOf(memory.config, jobIds))]).toEqual([1]);
  expect((await falkordb.primaryOf('')).port).not.toBe(primary.port);
  expect(await memory.queryMemory('What does Harbor use?')).toContain('Harbor uses Valkey');
  expect((await memory.getGraphSize()).episodes).toBe(STORES + 1);
  expect((await memory.getStatus()).valkey).toMatchObject({ ok: true, store: { failed: 0, waiting: 0, delayed: 0 } });
});
