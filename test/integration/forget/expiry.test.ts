import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newEpisode } from '../../../src/episode.ts';
import { openForgetting } from '../../../src/forget/forget.ts';
import { recordEpisodes } from '../../../src/graph/queries/record.ts';
import { openIngest } from '../../../src/ingest/ingest.ts';
import { MemoryManager } from '../../../src/memory.ts';
import { NO_METRICS } from '../../../src/telemetry/metrics.ts';
import { DAY } from '../../../src/time.ts';
import { startWorkers } from '../../../workers/main.ts';
import { environmentOf, runCommand } from '../../support/command-line.ts';
import { startProxy } from '../../support/faults/proxy.ts';
import { forgettingParts } from '../../support/forgetting.ts';
import { plainEmbedder, plainModel } from '../../support/models.ts';
import { openStoreConnections, useStoreConnections } from '../../support/store-connections.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

const stores = useStores();
const opened = useStoreConnections(stores);
let memory: MemoryManager;

beforeAll(() => {
  memory = new MemoryManager(stores.config);
});
afterAll(() => memory.close());

/** Sets back the expiry, as if the time had come. */
const letExpire = (group: string) =>
  opened.graphs.group(group).write("MATCH (m:_Expiring) SET m.expires_at = '2020-01-01T00:00:00+00:00'");

test('a query omits expired episodes even before a worker removes them, and a worker then removes them', async () => {
  const group = newGroup();
  const first = await startWorkers(stores.config, ['store'], { languageModel: plainModel() });
  const kept = await memory.enqueueEpisode('Harbor uses Valkey.', null, { group });
  const expires = new Date(Date.now() + DAY);
  const expiring = await memory.enqueueEpisode('Harbor uses Elderberry.', null, { group, expires });
  for (const receipt of [kept, expiring]) await memory.waitFor(receipt);
  const before = await memory.search('Elderberry', 5, { group });
  await first.close();

  await letExpire(group);
  const hidden = await memory.search('Elderberry', 5, { group, cache: false });
  expect(JSON.stringify(before)).toContain('Elderberry');
  expect(JSON.stringify(hidden)).not.toContain('Elderberry');
  expect((await memory.getEpisode(expiring.uuid, { group })).content).toContain('Elderberry');

  const second = await startWorkers(stores.config, ['store'], { languageModel: plainModel() });
  await until('the removal', async () => (await memory.getGraphSize(group)).episodes === 1);
  await second.close();
  expect((await memory.getEpisode(kept.uuid, { group })).content).toBe('Harbor uses Valkey.');
});

test('an interrupted sweep is continued, and the metric counts each episode once', async () => {
  const group = newGroup();
  const expires = new Date(Date.now() + DAY);
  const episodes = Array.from({ length: 300 }, (_, place) =>
    newEpisode(`Crate ${place}.`, null, group, 1000, { uuid: randomUUID(), expires }),
  );
  await recordEpisodes(opened.graphs.group(group), episodes);
  await letExpire(group);
  const proxy = await startProxy(stores.config.falkordb, 'resp');
  const cut = openStoreConnections({ ...stores.config, falkordb: { host: proxy.host, port: proxy.port, tls: false } });
  let counted = 0;
  const increment = (name: string, _: unknown, by = 1) => {
    if (name === 'opencode.memory.episodes.expired') counted += by;
  };
  const metrics = { ...NO_METRICS, increment };
  const embedder = plainEmbedder();
  const isWrite = (words: readonly string[]) => words.some((word) => word.includes('UNWIND $removedEpisodes'));
  const drop = () => {
    proxy.cut();
    return 'drop' as const;
  };
  // The first part goes through; the connection ends before the second is written.
  proxy.intercept({ matches: isWrite });
  proxy.intercept({ matches: isWrite, before: drop });

  await expect(
    openForgetting({ ...forgettingParts(stores.config, cut, embedder), metrics }).expire(group),
  ).rejects.toThrow();
  const left = await memory.getGraphSize(group);
  const again = await openForgetting({ ...forgettingParts(stores.config, opened, embedder), metrics }).expire(group);

  expect([left.episodes, again.episodes, counted]).toEqual([44, 44, 300]);
  expect(await memory.getGraphSize(group)).toMatchObject({ episodes: 0 });
  cut.close();
  await proxy.close();
});

test('store-many and fact accept an expiry per row and refuse an invalid one', async () => {
  const group = newGroup();
  const run = (args: string[], input = '') =>
    runCommand([...args, '--group', group, '--no-wait'], environmentOf(stores.config), input);
  const rows = [{ content: 'Harbor uses Valkey.' }, { content: 'Dock uses Kafka.', expires: '90d' }];
  const began = Date.now();

  const wrong = await run(['store-many', '-'], JSON.stringify({ content: 'a', expires: 'soon' }));
  const many = await run(['store-many', '-'], rows.map((row) => JSON.stringify(row)).join('\n'));
  const fact = await run(['fact', 'Quay', 'USES', 'Elderberry', '--expires', '2100-01-01']);

  expect(wrong).toMatchObject({ status: 1, stderr: expect.stringMatching(/^Line 1: expires .*a duration like 12h/) });
  expect([many.status, fact.status]).toEqual([0, 0]);
  const running = await startWorkers(stores.config, ['store'], { languageModel: plainModel() });
  await until('all three', async () => (await memory.getGraphSize(group)).episodes === 3);
  const times = await opened.graphs
    .group(group)
    .read<{ at: string }>('MATCH (m:_Expiring) RETURN m.expires_at AS at ORDER BY at');
  await running.close();
  const [first = 0, second] = times.map(({ at }) => new Date(at).getTime());
  expect(Math.round((first - began) / DAY)).toBe(90);
  expect(second).toBe(Date.UTC(2100, 0, 1));
});

test('a cached answer expires together with an episode', async () => {
  const group = newGroup();
  const running = await startWorkers(stores.config, ['store'], { languageModel: plainModel() });
  const expires = new Date(Date.now() + DAY);
  await memory.waitFor(await memory.enqueueEpisode('Quay uses Elderberry.', null, { group, expires }));
  await running.close();
  const { nextTimedChange } = await import('../../../src/graph/queries/meta-nodes.ts');

  const next = await nextTimedChange(opened.graphs.group(group), new Date(), new Date(Date.now() + 2 * DAY));

  expect(next?.getTime()).toBe(expires.getTime());
});

test('a rule sets an expiry for the texts of a source', async () => {
  const group = newGroup();
  const model = plainModel();
  const embed = async (texts: readonly string[]) => texts.map(() => [1, 0, 0, 0]);
  const embedder = { model: 'plain', dimension: 4, embed, close: async () => {} };
  const ingest = openIngest(opened.graphs, opened.valkey, opened.leases, {
    ...{ model, embedder },
    expiry: [{ by: 'source', name: 'claude-code', afterMs: 90 * DAY }],
  });
  const episode = newEpisode('Pier uses SQLite.', null, group, 1000, { sourceDescription: 'claude-code' });
  await ingest(episode);
  await ingest(newEpisode('Pier uses Postgres.', null, group, 1000));
  await ingest.close();

  const rows = await opened.graphs
    .group(group)
    .read<{ uuid: string; at: string }>('MATCH (m:_Expiring) RETURN m.episode AS uuid, m.expires_at AS at');

  expect(rows.map(({ uuid, at }) => [uuid, new Date(at).getTime()])).toEqual([
    [episode.uuid, episode.createdAt.getTime() + 90 * DAY],
  ]);
});
