import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openGraphs } from '../../../src/graph/graphs.ts';
import { nextTimedChange } from '../../../src/graph/queries/meta-nodes.ts';
import { countingMetrics, MemoryManager } from '../../../src/index.ts';
import { SECOND, toGraphTime } from '../../../src/time.ts';
import { type RunningWorkers, startWorkers } from '../../../workers/main.ts';
import { plainEmbedder, plainModel } from '../../support/models.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { wrongServers } from '../../support/wrong-servers.ts';

const stores = useStores();
let workers: RunningWorkers;
const opened: MemoryManager[] = [];

beforeAll(async () => {
  workers = await startWorkers(stores.config, ['store', 'export'], {
    languageModel: plainModel(),
    embedder: plainEmbedder(),
  });
});
afterAll(() => workers.close());
afterEach(() => Promise.all(opened.splice(0).map((memory) => memory.close())));

function openMemory(group = newGroup()) {
  const [metrics, embedder, notices] = [countingMetrics(), plainEmbedder(), [] as string[]];
  const memory = new MemoryManager(
    { ...stores.config, group },
    { metrics, embedder, onNotice: (sentence) => notices.push(sentence) },
  );
  opened.push(memory);
  const remember = async (content: string, day = '2025-01-01') =>
    memory.waitFor(await memory.enqueueEpisode(content, null, { referenceTime: new Date(day) }));
  return { memory, metrics, embedder, notices, remember, group };
}

/** Milliseconds since 1970. */
async function clockOf(valkey: Redis): Promise<number> {
  const [seconds, micros] = await valkey.time();
  return Number(seconds) * SECOND + Math.floor(Number(micros) / 1000);
}

/** When the group's cached answers expire, by Valkey's clock, the earliest first. */
async function endsOfAnswers(valkey: Redis, group: string): Promise<number[]> {
  const ends = (await valkey.keys(`query:{${group}}:*`)).map((key) => valkey.pexpiretime(key));
  return (await Promise.all(ends)).sort((a, b) => a - b);
}

describe('the four functions', () => {
  test('store_episode returns a name, and the episode can be found', async () => {
    const { memory } = openMemory();
    await memory.connect('store');

    const name = await memory.storeEpisode('Harbor uses Redis.', { file: 'docs/harbor.md' });

    expect(name).toMatch(/^episode_\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z$/);
    await expect.poll(() => memory.queryMemory('Harbor', 5)).toContain('Harbor uses Redis');
  });

  test('query_memory returns a bullet list of at most limit lines', async () => {
    const { memory, remember } = openMemory();
    await remember('Harbor uses Redis. Harbor uses Valkey. Harbor uses Lua. Harbor uses Rust.');

    const answer = await memory.queryMemory('What does Harbor use?', 3);

    expect(answer.split('\n').length).toBeLessThanOrEqual(3);
    expect(answer).toMatch(/^- Harbor uses Redis\. Harbor uses Valkey\..* \(said 2025-01-01\)$/m);
  });

  test('get_entities returns names and types, also of one type', async () => {
    const { memory, remember } = openMemory();
    await remember('Harbor uses redis.');

    const all = await memory.getEntities();

    expect(all.map(({ name, type }) => ({ name, type }))).toEqual([
      { name: 'Harbor', type: 'Product' },
      { name: 'redis', type: 'Entity' },
    ]);
    expect((await memory.getEntities('product')).map(({ name }) => name)).toEqual(['Harbor']);
  });

  test('export_to_b2 writes everything as valid JSON and returns the file', async () => {
    const { memory, remember, group } = openMemory();
    await remember('Harbor uses Redis.');

    const message = await memory.exportToB2();

    const [file = ''] = /graphiti_export_\S+\.json/.exec(message) ?? [];
    const document = JSON.parse(await readFile(join(stores.config.exportDir, file), 'utf8'));
    expect(message).toContain('Exported 1 episode, 2 entities and 1 fact');
    expect(document).toMatchObject({ group, nodes: expect.any(Array), edges: expect.any(Array) });
    const entity = document.nodes.find((node: { properties: { name: string } }) => node.properties.name === 'Harbor');
    expect(entity).toMatchObject({
      labels: ['Entity', 'Product'],
      properties: { summary: 'Harbor uses Redis', group_id: group },
    });
    expect(entity.properties.name_embedding).toHaveLength(32);
    expect(document.edges.map((edge: { type: string }) => edge.type).sort()).toEqual([
      'MENTIONS',
      'MENTIONS',
      'RELATES_TO',
    ]);
    expect((await readdir(stores.config.exportDir)).filter((name) => name.includes('partial'))).toEqual([]);
  });
});

describe('the cache', () => {
  test('answers the second query, and its metrics show it', async () => {
    const { memory, metrics, remember } = openMemory();
    await remember('Harbor uses Redis.');
    const first = await memory.queryMemory('Harbor');

    const second = await memory.queryMemory('Harbor');

    expect(second).toBe(first);
    expect(metrics.count('opencode.memory.cache_miss')).toBe(1);
    expect(metrics.count('opencode.memory.cache_hit')).toBe(1);
  });

  test('never returns an answer from before the last commit', async () => {
    const { memory, remember } = openMemory();
    await remember('Harbor uses Redis.');

    for (let round = 0; round < 10; round += 1) {
      await memory.queryMemory('Harbor', 20);
      await remember(`Harbor uses Part${round}.`);
      expect(await memory.queryMemory('Harbor', 20)).toContain(`Part${round}`);
    }
  });

  test('computes an answer once, however many callers ask at the same time', async () => {
    const { memory, embedder, remember } = openMemory();
    await remember('Harbor uses Redis.');

    const answers = await Promise.all(Array.from({ length: 50 }, () => memory.queryMemory('Harbor')));

    expect(new Set(answers).size).toBe(1);
    expect(embedder.texts).toEqual(['Harbor']);
  });

  test('returns a copy to each caller: changing one does not change the others', async () => {
    const { memory, remember } = openMemory();
    await remember('Harbor uses Redis.');
    const ask = () => Promise.all([memory.search('Harbor'), memory.search('Harbor')]);

    for (const [one, other] of [await ask(), await ask()]) {
      const before = structuredClone(other);
      Object.assign(one.facts[0] ?? {}, { fact: 'changed' });
      (one.facts as unknown[]).length = 0;

      expect(other).toEqual(before);
      expect(await memory.search('Harbor')).toEqual(before);
    }
  });

  test('keeps answers for 300 seconds', async () => {
    const { memory, remember, group } = openMemory();
    await remember('Harbor uses Redis.');
    const valkey = new Redis({ port: stores.config.valkey.port, host: stores.config.valkey.host });

    const before = await clockOf(valkey);
    await memory.queryMemory('Harbor');
    const after = await clockOf(valkey);

    const [end] = await endsOfAnswers(valkey, group);
    expect(end).toBeGreaterThanOrEqual(before + 300 * SECOND);
    expect(end).toBeLessThanOrEqual(after + 300 * SECOND);
    valkey.disconnect();
  });

  test.each([
    ['an end', 'invalidAt'],
    ['a beginning', 'validAt'],
  ] as const)('keeps answers only until the next moment at which a fact changes: %s', async (_, field) => {
    const { memory, group } = openMemory();
    const soon = new Date(Date.now() + 200 * SECOND);
    const given = { source: 'Harbor', relation: 'USES', target: 'Redis', [field]: soon };
    await memory.waitFor(await memory.enqueueFact(given, null, { referenceTime: new Date('2025-01-01') }));
    const valkey = new Redis({ port: stores.config.valkey.port, host: stores.config.valkey.host });

    const before = await clockOf(valkey);
    await memory.queryMemory('Harbor');
    await memory.search('Harbor', 5, { asOf: new Date('2025-06-01') });

    const ends = await endsOfAnswers(valkey, group);
    valkey.disconnect();
    // A worker may have prepared the briefing too, which ends with the first.
    const [now, then] = [ends[0], ends.at(-1)];
    expect(now).toBeLessThanOrEqual(soon.getTime() + SECOND);
    // What held on another day does not change.
    expect(then).toBeGreaterThanOrEqual(before + 300 * SECOND);
  });

  test('keeps answers only until the day on which a sentence becomes outdated', async () => {
    const { memory, remember, group } = openMemory();
    await remember('The gateway listens on port 8080.');
    await remember('From 1 April 2030 the gateway listens on port 9090 instead of 8080.', '2025-02-01');
    const ask = (asOf: Date) => memory.queryMemory('Which port does the gateway listen on?', 5, { asOf });
    const [eve, day] = [new Date('2030-03-31T23:58:00Z'), new Date('2030-04-01T00:00:00Z')];
    const graphs = openGraphs(stores.config.falkordb);
    const graph = graphs.group(group);

    expect(await ask(eve)).toContain('- The gateway listens on port 8080. (said 2025-01-01)');
    expect(await ask(day)).not.toContain('- The gateway listens on port 8080. (said 2025-01-01)');
    expect(await nextTimedChange(graph, eve, new Date(eve.getTime() + 300 * SECOND))).toEqual(day);
    expect(await nextTimedChange(graph, day, new Date(day.getTime() + 300 * SECOND))).toBeUndefined();

    const soon = new Date(Date.now() + 200 * SECOND);
    await graph.write('MATCH (s:_Statement) WHERE s.valid_at STARTS WITH $day SET s.valid_at = $soon', {
      day: '2030-04-01',
      soon: toGraphTime(soon),
    });
    graphs.close();
    const valkey = new Redis({ port: stores.config.valkey.port, host: stores.config.valkey.host });
    const before = await valkey.keys(`query:{${group}}:*`);
    await memory.queryMemory('Which port does the gateway listen on?');
    const [key = ''] = (await valkey.keys(`query:{${group}}:*`)).filter((one) => !before.includes(one));
    const end = await valkey.pexpiretime(key);
    valkey.disconnect();
    expect(end).toBeGreaterThan(0);
    expect(end).toBeLessThanOrEqual(soon.getTime() + SECOND);
  });

  test.each(['{"facts":', 'null', '7', '"text"', '{}', '[]'])(
    'treats an unreadable entry as a miss: %s',
    async (rubbish) => {
      const { memory, metrics, remember, group } = openMemory();
      await remember('Harbor uses Redis.');
      const answer = await memory.queryMemory('Harbor');
      const valkey = new Redis({ port: stores.config.valkey.port, host: stores.config.valkey.host });
      // A worker may have prepared the briefing too.
      for (const key of await valkey.keys(`query:{${group}}:*`))
        await valkey.set(key, `${await valkey.get(`version:{${group}}`)}\n${rubbish}`, 'KEEPTTL');

      expect(await memory.queryMemory('Harbor')).toBe(answer);
      expect(await memory.queryMemory('Harbor')).toBe(answer);

      valkey.disconnect();
      expect([metrics.count('opencode.memory.cache_miss'), metrics.count('opencode.memory.cache_hit')]).toEqual([2, 1]);
    },
  );

  test('has metrics of its queries', async () => {
    const told: string[] = [];
    const metrics = {
      ...countingMetrics(),
      increment: (_: string, tags?: object) => void told.push(JSON.stringify(tags)),
    };
    const group = newGroup();
    const memory = new MemoryManager({ ...stores.config, group }, { metrics, embedder: plainEmbedder() });
    opened.push(memory);

    await memory.queryMemory('Harbor');
    await memory.search('Harbor');
    await memory.getEntities();
    await memory.getHistory('Harbor');

    expect(told).toEqual(
      ['query_memory', 'search', 'entities', 'history'].map((ask) => JSON.stringify({ group, ask })),
    );
  });

  test('returns separate objects to callers that ask at the same time', async () => {
    const { memory, remember } = openMemory();
    await remember('Harbor uses Redis.');

    const [one, other] = await Promise.all([memory.search('Harbor'), memory.search('Harbor')]);
    (one.facts as unknown[]).length = 0;

    expect(other.facts).toHaveLength(1);
    expect((await memory.search('Harbor')).facts).toHaveLength(1);
  });

  test('is optional: while Valkey is down the graph answers, with a notice whose handler may throw', async () => {
    const { remember, group } = openMemory();
    await remember('Harbor uses Redis.');
    const notices: string[] = [];
    const onNotice = (sentence: string) => {
      notices.push(sentence);
      throw new Error('the handler is broken');
    };
    const memory = new MemoryManager(
      { ...stores.config, group, valkey: { host: '127.0.0.1', port: wrongServers.nothing(), tls: false } },
      { embedder: plainEmbedder(), onNotice },
    );
    opened.push(memory);

    const answer = await memory.queryMemory('Harbor');

    expect(answer).toContain('Harbor uses Redis');
    expect(notices[0]).toMatch(/^Valkey at .* does not answer; .* The graph is asked without the cache\.$/);
  });
});

describe('time', () => {
  test('limits results to facts that hold now, or held as of a date', async () => {
    const { memory, remember } = openMemory();
    await remember('Harbor uses Redis.', '2025-01-01');
    await remember('Harbor not uses Redis. Harbor uses Valkey.', '2025-03-01');

    const now = await memory.queryMemory('What does Harbor use?');
    const then = await memory.queryMemory('What does Harbor use?', 5, { asOf: new Date('2025-02-01') });
    const before = await memory.queryMemory('What does Harbor use?', 5, { asOf: new Date('2024-12-31') });

    expect(now).toBe('- Harbor not uses Redis. Harbor uses Valkey. (said 2025-03-01)');
    expect(then).toBe('- Harbor uses Redis. (said 2025-01-01)');
    expect(before).toBe('Nothing relevant is known.');
  });

  test('as of a date, a fact is found behind a hundred nearer ones that did not hold', async () => {
    const { memory, remember } = openMemory();
    for (let start = 0; start < 120; start += 40)
      await remember(Array.from({ length: 40 }, (_, i) => `Mast${start + i} carries sails.`).join(' '), '2025-06-01');
    await remember('Keel carries ballast.', '2025-01-01');

    const answer = await memory.queryMemory('carries sails', 5, { find: 'facts', asOf: new Date('2025-02-01') });

    expect(answer).toContain('Keel carries ballast');
  });
});

test('queries never see other groups', async () => {
  const one = openMemory();
  const other = openMemory();
  await one.remember('Canary sings alone.');
  await other.remember('Harbor uses Redis.');

  const answers = [
    await other.memory.queryMemory('Canary sings alone'),
    JSON.stringify(await other.memory.getEntities()),
  ];

  for (const answer of answers) expect(answer).not.toContain('Canary');
});

test('an episode without facts is found by its words, unchanged', async () => {
  const { memory, remember } = openMemory();
  const content = `'}) MATCH (n) DETACH DELETE n // @fact:{a|b} 🚀 שלום "quoted\\"`;
  await remember(content);

  const found = await memory.search('DETACH DELETE');

  expect(found.facts).toEqual([]);
  expect(found.passages?.[0]?.excerpt).toBe(content);
});

test('a sentence without facts is found although its episode has facts', async () => {
  const { memory, remember } = openMemory();
  await remember('Harbor uses Redis. There were some wobbly zebras everywhere. Quay uses Postgres.');

  const answer = await memory.queryMemory('wobbly zebras', 3);

  expect(answer.split('\n')[0]).toContain('There were some wobbly zebras everywhere.');
});

test('a graph without our indexes gets them at its first query', async () => {
  const { memory, group } = openMemory();
  const graphs = openGraphs(stores.config.falkordb);
  const vector = Array.from({ length: 32 }, (_, index) => (index === 0 ? 1 : 0));
  await graphs.group(group).write(
    `CREATE (:Entity {uuid: 'a', name: 'Harbor', group_id: $group, summary: '', name_embedding: vecf32($vector)})
       -[:RELATES_TO {uuid: 'f', name: 'USES', fact: 'Harbor uses Redis', episodes: [], group_id: $group,
                      created_at: '2025-01-01T00:00:00+00:00', fact_embedding: vecf32($vector)}]->
       (:Entity {uuid: 'b', name: 'Redis', group_id: $group, summary: '', name_embedding: vecf32($vector)})`,
    { group, vector },
  );

  await expect.poll(() => memory.queryMemory('Harbor', 5, { cache: false })).toBe('- Harbor uses Redis');
  graphs.close();
});
