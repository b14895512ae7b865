import { afterAll, beforeAll, expect, test } from 'vitest';
import { MemoryManager } from '../../../src/memory.ts';
import type { PageServer } from '../../../src/page/serve.ts';
import { plainEmbedder } from '../../support/models.ts';
import { type CountedServer, countTraffic } from '../../support/page/counted-valkey.ts';
import { callPage, useServedPage } from '../../support/page/served.ts';
import { useStores } from '../../support/stores.ts';

const stores = useStores();
const page = useServedPage(stores);
const FAILED = 25;
let valkey: CountedServer;
let memory: MemoryManager;
let server: PageServer;

beforeAll(async () => {
  const failing = await page.memory.enqueueEpisodes(
    Array.from({ length: FAILED }, (_, at) => ({ content: `poison ${at}` })),
  );
  for (const receipt of failing) await page.memory.waitFor(receipt).catch(() => {});
  valkey = await countTraffic(stores.config.valkey);
  const address = { host: valkey.host, port: valkey.port, tls: false };
  memory = new MemoryManager({ ...stores.config, valkey: address }, { embedder: plainEmbedder() });
  server = await page.serve({ memory });
});
afterAll(async () => {
  await memory?.close();
  await valkey?.close();
});

/** What a second load asks of Valkey: the first also connects and checks the server. */
async function trafficOf(load: () => Promise<unknown>) {
  await load();
  valkey.take();
  await load();
  return valkey.take();
}

const call = async (name: string) => expect(await callPage(server, name)).toMatchObject({ status: 200 });

test('the first content of Now costs few commands and round trips, however many jobs have failed', async () => {
  const { commands, roundTrips, connections } = await trafficOf(() => call('now'));

  expect(connections).toBe(0);
  expect(commands.length).toBeLessThanOrEqual(26);
  expect(roundTrips).toBeLessThanOrEqual(4);
});

test('the rest of Now does not ask for the whole state again', async () => {
  const since = encodeURIComponent(new Date().toISOString());
  const { commands } = await trafficOf(() => Promise.all([call(`spending?since=${since}`), call('briefing')]));

  expect(commands.filter((name) => name === 'client')).toEqual([]);
  expect(commands.length).toBeLessThanOrEqual(4);
});

test('the failed jobs come over the connection that is open, in two round trips more than their counts', async () => {
  const { commands, roundTrips, connections } = await trafficOf(() => call('deadLetters'));

  expect(connections).toBe(0);
  // One for each failed job, with that of the arrangement.
  expect(commands.filter((name) => name === 'hgetall')).toHaveLength(FAILED + 1);
  expect(commands.length).toBeLessThanOrEqual(FAILED + 6);
  expect(roundTrips).toBeLessThanOrEqual(3);
});

test('the last hour is one command', async () => {
  const { commands, connections } = await (async () => {
    await call('deadLetters');
    valkey.take();
    await call('queueHour');
    return valkey.take();
  })();

  expect(connections).toBe(1);
  expect(commands.filter((name) => name.startsWith('eval'))).toHaveLength(1);
  expect(commands.length).toBeLessThanOrEqual(3);
});
