import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Episode, newEpisode } from '../../../src/episode.ts';
import { type IngestParts, openIngest } from '../../../src/ingest/ingest.ts';
import { recordUnrepaired } from '../../../src/journal/lost-changes.ts';
import { openaiEmbedder } from '../../../src/models/openai/embedder.ts';
import { openaiLanguageModel } from '../../../src/models/openai/language-model.ts';
import type { MetricTags } from '../../../src/telemetry/metrics.ts';
import { type FakeOpenAI, startFakeOpenAI } from '../../support/fake-openai/index.ts';
import { anEpisode, openTestForgetting } from '../../support/forgetting.ts';
import { plainEmbedder } from '../../support/models.ts';
import { day } from '../../support/scripted-memory.ts';
import { useStoreConnections } from '../../support/store-connections.ts';
import { newGroup, useStores } from '../../support/stores.ts';

const stores = useStores();
const opened = useStoreConnections(stores);
let fake: FakeOpenAI;
beforeAll(async () => {
  fake = await startFakeOpenAI({ knowledge: 'exclusive: KEEPS_STATE_IN' });
});
beforeEach(() => fake.reset());
afterAll(() => fake.close());

const modelsAt = (baseUrl: string, model = 'gpt-test') => {
  return { model: openaiLanguageModel({ baseUrl, model }), embedder: openaiEmbedder({ baseUrl, dimension: 512 }) };
};

const openWith = (parts: IngestParts) => openIngest(opened.graphs, opened.valkey, opened.leases, parts);

/** A worker that has just been started: it remembers nothing itself. */
function startWorker(model?: string) {
  const counts: Record<string, number> = {};
  const increment = (name: string, tags?: MetricTags) => {
    const key = `${name.replace('opencode.memory.', '')} ${tags?.stage ?? ''}`.trim();
    counts[key] = (counts[key] ?? 0) + 1;
  };
  return { ingest: openWith({ ...modelsAt(fake.url, model), metrics: { increment } }), counts };
}

const REDIS = 'Harbor [Service] KEEPS_STATE_IN Redis [Product]: Harbor keeps its state in Redis';
const VALKEY = 'Harbor [Service] KEEPS_STATE_IN Valkey [Product]: Harbor keeps its state in Valkey';

const episode = (group: string, content: string, on = 1): Episode =>
  newEpisode(content, null, group, 1_000_000, { uuid: randomUUID(), referenceTime: day(on) });

const purposes = () => fake.calls.map(({ purpose }) => purpose);

/** Somebody else writes, as a worker that took the group over does. */
const overtake = (group: string) =>
  opened.graphs.group(group).write(`MATCH (m:_Meta {key: 'fence'}) SET m.token = m.token + 1`);

/** Empties the graph, and says that its content cannot be replayed; otherwise commits would wait for that. */
async function wipe(group: string): Promise<void> {
  await opened.graphs.group(group).write('MATCH (n) DELETE n');
  await recordUnrepaired(opened.valkey, group);
}

/** What the graph keeps of an episode: its vectors and what it cost. */
async function kept(group: string) {
  const graph = opened.graphs.group(group);
  const vectors = await graph.read(
    'MATCH (n:Entity) RETURN n.name AS name, n.name_embedding AS vector ORDER BY name UNION MATCH ()-[e:RELATES_TO]->() RETURN e.fact AS name, e.fact_embedding AS vector ORDER BY name',
  );
  const rows = await graph.read<{ use: string }>(
    'MATCH (k:_Meta) WHERE k.use IS NOT NULL RETURN k.use AS use ORDER BY k.key',
  );
  return { vectors, use: rows.flatMap(({ use }) => JSON.parse(use) as { purpose: string }[]) };
}

test('an episode that failed after extraction is not extracted again, and its recorded cost stays the same', async () => {
  const [group, other] = [newGroup(), newGroup()];
  const one = episode(group, REDIS);
  const first = startWorker();
  await first.ingest({ ...one, group: other, uuid: randomUUID() });
  fake.reset();
  await opened.graphs.group(group).write(`CREATE (:_Meta {key: 'fence', token: 9000000000000000})`);
  await expect(first.ingest(one)).rejects.toMatchObject({ name: 'StaleFenceError' });
  expect(purposes()).toEqual(['extract', 'embed']);
  await opened.graphs.group(group).write(`MATCH (m:_Meta {key: 'fence'}) SET m.token = 0`);

  const again = startWorker();
  await again.ingest(one);

  expect(purposes()).toEqual(['extract', 'embed']);
  expect(again.counts).toMatchObject({ 'memo.hit extraction': 1, 'memo.hit vectors': 1, 'episodes.committed': 1 });
  const found = await kept(group);
  expect(found).toEqual(await kept(other));
  expect(found.use.map(({ purpose }) => purpose)).toEqual(['extract', 'embed']);
});

test('parts of a long episode that succeeded are not read again when another part failed', async () => {
  const group = newGroup();
  const filler = 'Nothing of note happened on this day, and the log says so at some length. '.repeat(100);
  const part = (n: number) => `Service ${n} [Service] USES Valkey [Product]: Service ${n} uses Valkey\n${filler}`;
  const one = episode(group, Array.from({ length: 12 }, (_, n) => part(n)).join('\n\n'));
  let answersLeft = 5;
  const limited = await startFakeOpenAI({
    faultOf: ({ purpose }) => {
      if (purpose !== 'extract') return undefined;
      answersLeft -= 1;
      return answersLeft < 0 ? { kind: 'rate-limit' } : undefined;
    },
  });
  const answers = () => limited.called('extract').filter(({ status }) => status === 200).length;

  // Each try is one of a worker that has just been started.
  for (let tries = 0; tries < 4; tries += 1) {
    answersLeft = 5;
    await openWith(modelsAt(limited.url))(one).catch((error) =>
      expect(error).toMatchObject({ name: 'ModelBusyError' }),
    );
  }
  await limited.close();

  expect(answers()).toBe(12);
  const found = await kept(group);
  expect(found.use.filter(({ purpose }) => purpose === 'extract')).toHaveLength(12);
  expect(await opened.valkey.exists(`memo:{${group}}:${one.uuid}:parts`)).toBe(0);
});

test('a failed embedding does not repeat the extraction', async () => {
  const group = newGroup();
  const one = episode(group, REDIS);
  const { ingest } = startWorker();
  const faulty = await startFakeOpenAI({ faultOf: ({ purpose }) => (purpose === 'embed' ? 'wrong-key' : undefined) });
  const failing = openWith(modelsAt(faulty.url));
  await expect(failing(one)).rejects.toThrow();
  await faulty.close();

  await ingest(one);

  expect(purposes()).toEqual(['embed']);
});

test('a judgement is requested once, even if the commit that used it was refused', async () => {
  const group = newGroup();
  const { ingest } = startWorker();
  await ingest(episode(group, REDIS));
  fake.reset();
  const refusing = await startFakeOpenAI({ knowledge: 'exclusive: KEEPS_STATE_IN' });
  const second = episode(group, VALKEY, 2);
  const { model, embedder } = modelsAt(refusing.url);
  const overtaken = openWith({
    embedder,
    model: {
      ...model,
      resolve: async (undecided) => {
        await overtake(group);
        return model.resolve(undecided);
      },
    },
  });
  await expect(overtaken(second)).rejects.toMatchObject({ name: 'StaleFenceError' });

  const again = startWorker();
  await again.ingest(second);

  expect(purposes()).toEqual([]);
  expect(again.counts).toMatchObject({ 'memo.hit judgement': 1 });
  const facts = await opened.graphs
    .group(group)
    .read('MATCH ()-[e:RELATES_TO]->() WHERE e.invalid_at IS NOT NULL RETURN e.fact AS fact');
  expect(facts).toEqual([{ fact: 'Harbor keeps its state in Redis' }]);
  await refusing.close();
});

test('a lost graph is rebuilt exactly, without model calls', async () => {
  const group = newGroup();
  const episodes = [episode(group, REDIS), episode(group, VALKEY, 2)];
  const { ingest } = startWorker();
  for (const one of episodes) await ingest(one);
  const before = await kept(group);
  fake.reset();
  await wipe(group);

  for (const one of episodes) await startWorker().ingest(one);

  expect(await kept(group)).toEqual(before);
  expect(purposes()).toEqual([]);
});

test.each([
  ['unreadable data', 'not what anybody wrote'],
  ['another version', JSON.stringify({ stamp: 'old', extraction: { entities: [], facts: [], ended: [] } })],
  ['another format', '{"stamp":7}'],
])('%s in the memo is ignored', async (_, text) => {
  const group = newGroup();
  const one = episode(group, REDIS);
  for (const stage of ['extraction', 'vectors']) await opened.valkey.set(`memo:{${group}}:${one.uuid}:${stage}`, text);
  const { ingest, counts } = startWorker();

  await ingest(one);

  expect(purposes()).toEqual(['extract', 'embed']);
  expect(counts).toMatchObject({ 'memo.miss extraction': 1, 'memo.miss vectors': 1 });
});

test('results of another model are not reused; vectors are if the texts are the same', async () => {
  const group = newGroup();
  const one = episode(group, REDIS);
  await startWorker().ingest(one);
  await wipe(group);
  fake.reset();

  const { ingest, counts } = startWorker('gpt-other');
  await ingest(one);

  expect(purposes()).toEqual(['extract']);
  expect(counts).toMatchObject({ 'memo.miss extraction': 1, 'memo.hit vectors': 1 });
});

test('a memo is kept for thirty days and deleted with its episode', async () => {
  const group = newGroup();
  const one = episode(group, REDIS);
  await startWorker().ingest(one);
  const keys = await opened.valkey.keys(`memo:{${group}}:${one.uuid}:*`);
  expect(keys).toHaveLength(3);
  for (const key of keys) expect(await opened.valkey.ttl(key)).toBeGreaterThan(29 * 24 * 3600);

  await openTestForgetting(stores.config, opened, plainEmbedder()).forget(group, anEpisode(one.uuid));

  expect(await opened.valkey.keys(`memo:{${group}}:${one.uuid}:*`)).toEqual([]);
});
