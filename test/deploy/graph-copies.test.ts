import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Job } from 'bullmq';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Config } from '../../src/config.ts';
import { type Server, startValkey } from '../../src/embedded/servers.ts';
import { graphName } from '../../src/group.ts';
import { MemoryManager } from '../../src/memory.ts';
import { postponeReason } from '../../src/queue/failure-reason.ts';
import type { EpisodeReceipt } from '../../src/queue/producer.ts';
import { openQueues } from '../../src/queue/queues.ts';
import { type RunningWorkers, startWorkers } from '../../workers/main.ts';
import { attemptsOf } from '../support/deploy/attempts.ts';
import { deployedConfig } from '../support/deploy/deployed-config.ts';
import { type Deployment, startSentinels } from '../support/deploy/deployments.ts';
import { cutReplication, replicasOf, restoreReplication } from '../support/deploy/replication.ts';
import type { ServerProcess } from '../support/deploy/server-process.ts';
import { plainEmbedder, plainModel } from '../support/models.ts';
import { until } from '../support/wait.ts';

/** Before and after replication ends. `FAULTS=full` stores more. */
const STORES = process.env.FAULTS === 'full' ? 1000 : 15;
const TOO_FEW = /^FalkorDB at .* has 0 of the 1 copies that FALKORDB_COPIES asks for; check its replicas\.$/;

let falkordb: Deployment;
let valkey: Server;
let folder: string;
let config: Config;
let memory: MemoryManager;
let worker: RunningWorkers;
const model = plainModel();

beforeAll(async () => {
  [falkordb, valkey, folder] = await Promise.all([
    startSentinels({ withGraphs: true }),
    startValkey(),
    mkdtemp(join(tmpdir(), 'memory-deploy-')),
  ]);
  config = { ...deployedConfig(folder, valkey, falkordb.address), falkordbCopies: 1 };
  const parts = { languageModel: model, embedder: plainEmbedder() };
  worker = await startWorkers(config, ['store'], parts);
  memory = new MemoryManager(config, parts);
});
afterAll(async () => {
  await memory?.close();
  await worker?.close();
  await Promise.all([falkordb?.stop(), valkey?.stop()]);
  await rm(folder, { recursive: true, force: true });
});

/** How often the job was begun, and why it waits. */
async function jobState(jobId: string) {
  const { queues, close, ask } = openQueues(config);
  try {
    const job = await ask(() => Job.fromId(queues.store, jobId));
    return { begun: job?.attemptsStarted ?? 0, counted: job?.attemptsMade, reason: postponeReason(job?.progress) };
  } finally {
    await close();
  }
}

const isCommittedOn = async ({ client }: ServerProcess, uuid: string): Promise<boolean> => {
  const query = `MATCH (k:_Meta {key: 'episode:${uuid}'}) WHERE k.committed_at IS NOT NULL AND k.removed_at IS NULL RETURN 1`;
  const answer = (await client.call('GRAPH.RO_QUERY', graphName(config.group), query)) as unknown[][];
  return (answer[1]?.length ?? 0) > 0;
};

async function frozen(replicas: readonly ServerProcess[], work: () => Promise<void>): Promise<void> {
  for (const replica of replicas) replica.freeze();
  try {
    await work();
  } finally {
    for (const replica of replicas) replica.thaw();
  }
}

test('a job is done only after a replica has its commit', async () => {
  const replicas = await replicasOf(falkordb, await falkordb.primaryOf(''));

  const withFacts = await memory.enqueueEpisode('Harbor uses Valkey.');
  const withoutFacts = await memory.enqueueEpisode('Nothing is stated here.');

  for (const receipt of [withFacts, withoutFacts]) {
    await memory.waitFor(receipt);
    const copies = await Promise.all(replicas.map((replica) => isCommittedOn(replica, receipt.uuid)));
    expect(copies).toContain(true);
  }
  expect((await memory.getStatus()).falkordb).toMatchObject({ ok: true, copies: { wanted: 1, replicas: 2 } });
});

test('while replicas are frozen a job waits, also one that finds its commit made, and counts no attempt', async () => {
  const primary = await falkordb.primaryOf('');
  const { uuid: old } = await memory.enqueueEpisode('Anchor uses Linux.');
  await memory.waitFor({ queue: 'store', jobId: old });
  let receipt: EpisodeReceipt | undefined;
  let forgetting: Promise<unknown> = Promise.resolve();
  const calls = model.calls;
  await frozen(await replicasOf(falkordb, primary), async () => {
    receipt = await memory.enqueueEpisode('Crane uses Valkey.');
    const { uuid } = receipt;
    // From the second time on it finds its commit.
    const state = await until('a job that is tried again', async () => {
      const now = await jobState(uuid);
      return now.begun >= 3 && now.reason !== undefined && now;
    });
    expect(state).toMatchObject({ counted: 0, reason: expect.stringMatching(TOO_FEW) });
    expect(await isCommittedOn(primary, uuid)).toBe(true);
    forgetting = memory.forget({ episode: old });
    forgetting.catch(() => {});
    await until('the removal on the primary', async () => !(await isCommittedOn(primary, old)));
    expect((await memory.getStatus()).valkey).toMatchObject({ store: { failed: 0 } });
  });

  await memory.waitFor(receipt as EpisodeReceipt);
  await forgetting;
  expect(await attemptsOf(config, [(receipt as EpisodeReceipt).jobId])).toEqual([1]);
  expect(model.calls - calls).toBe(1);
});

test('a failover to lagging replicas loses no commit of a finished job', async () => {
  const primary = await falkordb.primaryOf('');
  const replicas = await replicasOf(falkordb, primary);
  const store = (name: string) =>
    memory.enqueueEpisodes(Array.from({ length: STORES }, (_, index) => ({ content: `${name}${index} uses Kafka.` })));
  const before = await store('Tower');
  for (const receipt of before) await memory.waitFor(receipt);
  await cutReplication(primary, replicas);
  const after = await store('Ferry');
  await until('a commit that only the primary has', () => isCommittedOn(primary, after[0]?.uuid ?? ''));
  const finished = await attemptsOf(
    config,
    after.map(({ jobId }) => jobId),
  );
  expect(finished.filter((attempts) => attempts !== undefined)).toEqual([]);

  await primary.kill();
  await restoreReplication(replicas);
  await until('another primary', async () => (await falkordb.primaryOf('')).port !== primary.port);

  const receipts = [...before, ...after];
  for (const receipt of receipts) await memory.waitFor(receipt);
  const promoted = await falkordb.primaryOf('');
  for (const { uuid } of receipts) expect(await isCommittedOn(promoted, uuid)).toBe(true);
  const attempts = await attemptsOf(
    config,
    receipts.map(({ jobId }) => jobId),
  );
  expect([...new Set(attempts)]).toEqual([1]);
  expect((await memory.getStatus()).valkey).toMatchObject({ ok: true, store: { failed: 0 } });
});
