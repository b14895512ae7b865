import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readInventory } from '../../src/archive/compare-graph.ts';
import type { Config } from '../../src/config.ts';
import { type Server, startValkey } from '../../src/embedded/servers.ts';
import { openGraphs } from '../../src/graph/graphs.ts';
import { MemoryManager } from '../../src/memory.ts';
import { SECOND } from '../../src/time.ts';
import { type RunningWorkers, startWorkers } from '../../workers/main.ts';
import { attemptsOf } from '../support/deploy/attempts.ts';
import { deployedConfig } from '../support/deploy/deployed-config.ts';
import { type Deployment, startSentinels } from '../support/deploy/deployments.ts';
import { cutReplication, replicasOf, replicated, restoreReplication } from '../support/deploy/replication.ts';
import { plainEmbedder, plainModel } from '../support/models.ts';
import { newGroup } from '../support/stores.ts';
import { until } from '../support/wait.ts';

const isFull = process.env.FAULTS === 'full';
/** Memories that lose commits, and how many each loses. */
const [GROUPS, COMMITS] = isFull ? [100, 10] : [12, 4];

let falkordb: Deployment;
let valkey: Server;
let folder: string;
let config: Config;
let memory: MemoryManager;
let worker: RunningWorkers;
const model = plainModel();
const embedder = plainEmbedder();
const notices: string[] = [];

beforeAll(async () => {
  [falkordb, valkey, folder] = await Promise.all([
    // Replication ends long before the failover.
    startSentinels({ withGraphs: true, silence: (isFull ? 30 : 10) * SECOND }),
    startValkey(),
    mkdtemp(join(tmpdir(), 'memory-deploy-')),
  ]);
  config = deployedConfig(folder, valkey, falkordb.address);
  const parts = { languageModel: model, embedder };
  worker = await startWorkers(config, ['store'], { ...parts, onNotice: (sentence) => notices.push(sentence) });
  memory = new MemoryManager(config, parts);
});
afterAll(async () => {
  await memory?.close();
  await worker?.close();
  await Promise.all([falkordb?.stop(), valkey?.stop()]);
  await rm(folder, { recursive: true, force: true });
});

test('what a failover loses of many memories is there again by itself, without a call of a model', async () => {
  // The last one is new, so that its whole graph is lost.
  const groups = Array.from({ length: GROUPS }, () => newGroup());
  const store = async (group: string, texts: readonly string[]) => {
    const receipts = await memory.enqueueEpisodes(texts.map((content) => ({ content, group })));
    for (const receipt of receipts) await memory.waitFor(receipt);
    return receipts.map(({ jobId }) => jobId);
  };
  for (const group of groups.slice(0, -1)) await store(group, [`Harbor uses Valkey.`]);
  const primary = await falkordb.primaryOf('');
  const replicas = await replicasOf(falkordb, primary);
  await replicated(primary, replicas);
  await cutReplication(primary, replicas);
  const jobs: string[] = [];
  for (const [index, group] of groups.entries()) {
    const facts = Array.from({ length: COMMITS }, (_, number) => `Tower${number} uses Kafka.`);
    // Of some memories only texts without facts are lost, whose commits need no lease.
    const texts = index % 4 === 3 ? [] : facts;
    jobs.push(...(await store(group, [...texts, 'Nothing of note was said on this day.'])));
  }
  const graphs = openGraphs(falkordb.address);
  const contents = () =>
    Promise.all(
      groups.map(async (group) => (await readInventory(graphs.group(group), embedder.dimension)).hashes.exact),
    );
  const before = await contents();
  const [calls, embedded] = [model.calls, embedder.texts.length];

  await primary.kill();
  await restoreReplication(replicas);
  await until('another primary', async () => (await falkordb.primaryOf('')).port !== primary.port);

  await until('all that was lost', async () => {
    const after = await contents().catch(() => []);
    return after.length === before.length && after.every((hash, index) => hash === before[index]);
  });
  graphs.close();
  expect([model.calls, embedder.texts.length]).toEqual([calls, embedded]);
  expect([...new Set(await attemptsOf(config, jobs))]).toEqual([1]);
  await until(
    'the notices',
    () => notices.filter((notice) => /were replayed from the journal/.test(notice)).length > 0,
  );
  const lacking = groups.filter((group) => notices.some((notice) => notice.includes(`"${group}" lacked`)));
  expect(lacking.length).toBe(groups.filter((_, index) => index % 4 !== 3).length);
  for (const group of groups.slice(-2))
    expect((await memory.getStatus({ group })).falkordb).toMatchObject({ ok: true, lacksChanges: false });
  // Each memory goes on.
  await store(groups[0] ?? '', ['Anchor uses Linux.']);
  expect(await memory.queryMemory('What does Anchor use?', 5, { group: groups[0] ?? '' })).toContain(
    'Anchor uses Linux',
  );
});
