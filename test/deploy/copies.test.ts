import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Config } from '../../src/config.ts';
import { type Server, startFalkorDB } from '../../src/embedded/servers.ts';
import { MemoryManager } from '../../src/memory.ts';
import type { EpisodeReceipt } from '../../src/queue/producer.ts';
import { type RunningWorkers, startWorkers } from '../../workers/main.ts';
import { attemptsOf } from '../support/deploy/attempts.ts';
import { deployedConfig } from '../support/deploy/deployed-config.ts';
import { type Deployment, startCluster, startSentinels } from '../support/deploy/deployments.ts';
import { cutReplication, replicasOf, restoreReplication } from '../support/deploy/replication.ts';
import type { ServerProcess } from '../support/deploy/server-process.ts';
import { plainEmbedder, plainModel } from '../support/models.ts';
import { until } from '../support/wait.ts';

/** Before and after replication ends. `FAULTS=full` stores more. */
const STORES = process.env.FAULTS === 'full' ? 2500 : 30;
const TOO_FEW = /^Valkey at .* has 0 of the 1 copies that VALKEY_COPIES asks for; check its replicas\.$/;

describe.each([
  ['sentinels', startSentinels, (primary: ServerProcess) => primary.kill()],
  [
    'a cluster',
    startCluster,
    // The old primary survives, follows the new one and loses its unreplicated writes.
    async (_: ServerProcess, [replica]: readonly ServerProcess[]) =>
      void (await replica?.client.call('CLUSTER', 'FAILOVER', 'TAKEOVER')),
  ],
] as const)('VALKEY_COPIES=1 with %s', (_, start, failOver) => {
  let valkey: Deployment;
  let falkordb: Server;
  let folder: string;
  let config: Config;
  let memory: MemoryManager;
  let worker: RunningWorkers;

  beforeAll(async () => {
    [valkey, falkordb, folder] = await Promise.all([
      start(),
      startFalkorDB(),
      mkdtemp(join(tmpdir(), 'memory-deploy-')),
    ]);
    config = { ...deployedConfig(folder, valkey.address, falkordb), valkeyCopies: 1 };
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

  const primaryOfQueue = () => valkey.primaryOf(`${config.queuePrefix}:store:wait`);
  const jobKey = (uuid: string) => `${config.queuePrefix}:store:${uuid}`;
  const has = async ({ client }: ServerProcess, uuid: string) => (await client.exists(jobKey(uuid))) === 1;

  async function emptySpool(): Promise<void> {
    await until('an empty spool', async () => {
      await memory.drainSpool();
      return (await memory.getStatus()).spool.episodes === 0;
    });
  }

  test('a write is acknowledged only after a replica has it', async () => {
    const primary = await primaryOfQueue();
    const replicas = await replicasOf(valkey, primary);
    for (const { client } of replicas) await client.call('READONLY').catch(() => {});

    const { uuid } = await memory.enqueueEpisode('Harbor uses Valkey.');
    const many = await memory.enqueueEpisodes([{ content: 'Tower uses Kafka.' }, { content: 'Anchor uses Linux.' }]);

    for (const each of [uuid, ...many.map((receipt) => receipt.uuid)]) {
      const copies = await Promise.all(replicas.map((replica) => has(replica, each)));
      expect(copies).toContain(true);
    }
    expect((await memory.getStatus()).valkey).toMatchObject({ copies: { wanted: 1, replicas: replicas.length } });
  });

  test('a write while replicas are frozen is rejected or spooled, and still committed exactly once', async () => {
    const replicas = await replicasOf(valkey, await primaryOfQueue());
    await until('a call that Valkey answers in time', async () => {
      const { spooled } = await memory.enqueueEpisode('Harbor is open.', null, { spool: true });
      return !spooled;
    });
    for (const replica of replicas) replica.freeze();
    const [refused, many] = [randomUUID(), randomUUID()];
    const finishedOn = async () => (await primaryOfQueue()).client.hget(jobKey(refused), 'finishedOn');
    let finished: string | null = null;
    try {
      const store = memory.enqueueEpisode('Crane uses Valkey.', null, { uuid: refused });
      await expect(store).rejects.toMatchObject({
        name: 'StoreUnreachableError',
        message: expect.stringMatching(TOO_FEW),
      });
      await expect(memory.enqueueEpisodes([{ content: 'Ferry uses Kafka.', uuid: many }])).rejects.toThrow(TOO_FEW);
      // Valkey has both, and a worker reads them while their copies wait on disk.
      for (const uuid of [refused, many]) await memory.waitFor({ queue: 'store', jobId: uuid });
      finished = await finishedOn();
      const again = await memory.enqueueEpisode('Crane uses Valkey.', null, { uuid: refused, spool: true });
      expect(again).toMatchObject({ uuid: refused, spooled: true });
    } finally {
      for (const replica of replicas) replica.thaw();
    }
    await emptySpool();

    // Its copy on disk has the same id and changes nothing.
    expect(await finishedOn()).toBe(finished);
    expect(await attemptsOf(config, [refused, many])).toEqual([1, 1]);
    expect((await memory.getStatus()).valkey).toMatchObject({ ok: true, store: { waiting: 0, failed: 0 } });
  });

  test('a failover to lagging replicas loses no acknowledged write', async () => {
    const primary = await primaryOfQueue();
    const replicas = await replicasOf(valkey, primary);
    const acknowledged: EpisodeReceipt[] = [];
    for (let index = 0; index < STORES; index += 1)
      acknowledged.push(await memory.enqueueEpisode(`Tower${index} uses Kafka.`, null, { spool: index % 2 === 0 }));
    await cutReplication(primary, replicas);
    const lost = randomUUID();
    await expect(memory.enqueueEpisode('Only one server has this.', null, { uuid: lost })).rejects.toThrow(TOO_FEW);
    const held = await Promise.all([primary, ...replicas].map((server) => has(server, lost)));
    expect(held).toEqual([true, ...replicas.map(() => false)]);
    expect((await memory.getStatus()).valkey).toMatchObject({ copies: { wanted: 1, replicas: 0 } });

    const spooled = await Promise.all(
      Array.from({ length: STORES }, (_, index) =>
        memory.enqueueEpisode(`Harbor${index} uses Valkey.`, null, { spool: true }),
      ),
    );
    expect(spooled.filter((receipt) => !receipt.spooled)).toEqual([]);
    const receipts = [...acknowledged, ...spooled];
    await failOver(primary, replicas);
    await restoreReplication(replicas);
    await until('another primary', async () => (await primaryOfQueue()).port !== primary.port);
    await emptySpool();

    for (const receipt of receipts) await memory.waitFor(receipt);
    const attempts = await attemptsOf(
      config,
      receipts.map(({ jobId }) => jobId),
    );
    expect([...new Set(attempts)]).toEqual([1]);
    expect((await memory.getStatus()).valkey).toMatchObject({ ok: true, store: { failed: 0 } });
  });
});
