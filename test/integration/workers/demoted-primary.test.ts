import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Config } from '../../../src/config.ts';
import { type Server, startFalkorDB, startValkey } from '../../../src/embedded/servers.ts';
import { MemoryManager } from '../../../src/memory.ts';
import { MINUTE } from '../../../src/time.ts';
import { retryingConnection } from '../../../src/valkey/connections.ts';
import { openPubSub } from '../../../src/valkey/pub-sub.ts';
import { type RunningWorkers, startWorkers } from '../../../workers/main.ts';
import { startProxy, type WireProxy } from '../../support/faults/proxy.ts';
import { plainEmbedder, plainModel } from '../../support/models.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

const stores = useStores();
const notices: string[] = [];
let closing: (() => unknown)[] = [];

beforeEach(() => {
  notices.length = 0;
  closing = [];
});
afterEach(async () => {
  for (const close of closing.reverse()) await close();
});

/** A primary and its replica, behind an address that leads new connections to the one or the other. */
interface Pair {
  readonly front: WireProxy;
  /** The replica takes the primary's place, and the other way round; no connection is closed because of that. */
  swap(): Promise<void>;
  /** The same, but the address goes on leading to the one that is a replica now. */
  demote(): Promise<void>;
}

/** Holds or refuses new writes of a primary, and lets them go on. */
interface WriteStop {
  readonly start: () => Promise<unknown>;
  /** Whether no write of before is still being carried out. */
  readonly isComplete: () => Promise<boolean>;
  readonly end: () => Promise<unknown>;
}

const pausedClients = (admin: Redis): WriteStop => ({
  start: () => admin.call('CLIENT', 'PAUSE', String(10 * MINUTE), 'WRITE'),
  isComplete: async () => true,
  end: () => admin.call('CLIENT', 'UNPAUSE'),
});

/** FalkorDB writes in threads of its own, and a write that ends during a pause of clients ends the server (docs/falkordb.md). */
const tooFewReplicas = (admin: Redis): WriteStop => ({
  start: () => admin.call('CONFIG', 'SET', 'min-replicas-to-write', '100'),
  isComplete: async () => /^blocked_clients:0\r?$/m.test(await admin.info('clients')),
  end: () => admin.call('CONFIG', 'SET', 'min-replicas-to-write', '0'),
});

async function startPair(start: () => Promise<Server>, stopOf: (admin: Redis) => WriteStop): Promise<Pair> {
  const [old, next] = [await start(), await start()];
  const front = await startProxy(old, 'resp');
  const [oldAdmin, nextAdmin] = [old, next].map(({ host, port }) => new Redis({ host, port })) as [Redis, Redis];
  closing.push(() => Promise.all([old.stop(), next.stop()]));
  closing.push(() => Promise.all([front.close(), oldAdmin.disconnect(), nextAdmin.disconnect()]));
  await nextAdmin.call('REPLICAOF', old.host, String(old.port));
  await until('the replica', async () => (await nextAdmin.info('replication')).includes('master_link_status:up'));
  const offset = async (admin: Redis, field: string) =>
    new RegExp(`${field}:(\\d+)`).exec(await admin.info('replication'))?.[1];
  /** As in a planned switch: what the primary has acknowledged is on the replica before it takes over, however slow that is. */
  async function demote() {
    const writes = stopOf(oldAdmin);
    await writes.start();
    await until('the last write', writes.isComplete);
    await until(
      'the replica has all',
      async () => (await offset(nextAdmin, 'slave_repl_offset')) === (await offset(oldAdmin, 'master_repl_offset')),
    );
    await nextAdmin.call('REPLICAOF', 'NO', 'ONE');
    await oldAdmin.call('REPLICAOF', next.host, String(next.port));
    await writes.end();
  }
  return {
    front,
    demote,
    async swap() {
      await demote();
      front.switchTo(next);
    },
  };
}

const at = ({ host, port }: WireProxy) => ({ host, port, tls: false });

async function start(own: Partial<Config>): Promise<MemoryManager> {
  const config: Config = { ...stores.config, ...own, group: newGroup(), queuePrefix: `{${newGroup()}}` };
  const worker: RunningWorkers = await startWorkers(config, ['store'], {
    languageModel: plainModel(),
    embedder: plainEmbedder(),
    onNotice: (sentence) => notices.push(sentence),
  });
  const memory = new MemoryManager(config, { embedder: plainEmbedder() });
  closing.push(() => memory.close());
  closing.push(() => worker.close());
  return memory;
}

const COUNT = 60;

/** Hands in one episode after the other and swaps in the middle; gives what became of each. */
async function storeAcross(memory: MemoryManager, swap: () => Promise<void>) {
  const receipts: PromiseSettledResult<{ queue: 'store' | 'export'; jobId: string }>[] = [];
  for (let count = 0; count < COUNT; count += 1) {
    if (count === COUNT / 2) await swap();
    const [settled] = await Promise.allSettled([memory.enqueueEpisode(`Harbor uses Part${count}.`)]);
    if (settled) receipts.push(settled);
  }
  return receipts;
}

test('when Valkey is demoted nothing is refused, and worker, reader and waits continue on the new primary', async () => {
  const pair = await startPair(startValkey, pausedClients);
  const memory = await start({ valkey: at(pair.front) });
  const before = await memory.enqueueEpisode('Harbor uses Before.');
  await memory.waitFor(before);
  await memory.search('Harbor');

  const receipts = await storeAcross(memory, pair.swap);

  expect(receipts.filter(({ status }) => status === 'rejected')).toEqual([]);
  for (const receipt of receipts) if (receipt.status === 'fulfilled') await memory.waitFor(receipt.value);
  expect((await memory.getGraphSize()).episodes).toBe(COUNT + 1);
  expect((await memory.getJobCounts('store')).failed).toBe(0);
  expect(await memory.queryMemory(`Part${COUNT - 1}`)).toContain(`Part${COUNT - 1}`);
});

test('when FalkorDB is demoted its jobs wait briefly and the new primary commits all of them', async () => {
  const pair = await startPair(startFalkorDB, tooFewReplicas);
  const memory = await start({ falkordb: at(pair.front) });
  await memory.waitFor(await memory.enqueueEpisode('Harbor uses Before.'));
  await memory.search('Harbor', 5, { cache: false });

  const receipts = await storeAcross(memory, pair.swap);

  for (const receipt of receipts) if (receipt.status === 'fulfilled') await memory.waitFor(receipt.value);
  expect((await memory.getGraphSize()).episodes).toBe(COUNT + 1);
  expect((await memory.getJobCounts('store')).failed).toBe(0);
  expect(await memory.queryMemory(`Part${COUNT - 1}`, 5, { cache: false })).toContain(`Part${COUNT - 1}`);
});

test('a subscriber follows the address to the new primary, and learns that it may have missed events', async () => {
  const pair = await startPair(startValkey, pausedClients);
  const connection = retryingConnection(at(pair.front));
  const signals = openPubSub(connection);
  closing.push(() => [signals.close(), connection.disconnect()]);
  const heard: (string | undefined)[] = [];
  await signals.listen('channel', (message) => heard.push(message));
  await connection.ping();

  await pair.swap();

  await until('the subscriber is there', () => heard.includes(undefined));
  expect(await connection.role()).toEqual(expect.arrayContaining(['master']));
  await connection.publish('channel', 'news');
  await until('the news', () => heard.includes('news'));
});

test('an address that permanently leads to a replica is reported by callers, workers and status', async () => {
  const pair = await startPair(startValkey, pausedClients);
  const memory = await start({ valkey: at(pair.front) });
  await memory.waitFor(await memory.enqueueEpisode('Harbor uses Before.'));

  await pair.demote();

  const reason = /^Valkey at \S+ is a replica and accepts no writes; set VALKEY_HOST and VALKEY_PORT to its primary\.$/;
  await expect(memory.enqueueEpisode('Harbor uses After.')).rejects.toThrow(reason);
  await until('the worker says so', () => notices.some((sentence) => reason.test(sentence)));
  expect((await memory.getStatus()).valkey).toMatchObject({ ok: false, error: expect.stringMatching(reason) });
});
