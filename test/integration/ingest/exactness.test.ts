import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newEpisode } from '../../../src/episode.ts';
import { type Graphs, openGraphs } from '../../../src/graph/graphs.ts';
import { findFactsToCompare } from '../../../src/graph/queries/commit-reads.ts';
import { openIngest } from '../../../src/ingest/ingest.ts';
import { retryingConnection } from '../../../src/valkey/connections.ts';
import { type Leases, openLeases } from '../../../src/valkey/lease.ts';
import { plainEmbedder, plainModel } from '../../support/models.ts';
import { maxRowsScanned } from '../../support/profile.ts';
import { day, useScriptedMemories } from '../../support/scripted-memory.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

const stores = useStores();
const openMemory = useScriptedMemories(stores);
let graphs: Graphs;
let valkey: ReturnType<typeof retryingConnection>;
let leases: Leases;
beforeAll(() => {
  graphs = openGraphs(stores.config.falkordb);
  valkey = retryingConnection(stores.config.valkey);
  leases = openLeases(valkey, stores.config.takeoverMs);
});
afterAll(() => {
  graphs.close();
  leases.close();
  valkey.disconnect();
});

describe('the list of facts that an episode stated or ended', () => {
  test('has each fact once, even if two workers stored the episode', async () => {
    const group = newGroup();
    const text = 'Harbor uses Redis. Harbor uses Valkey.';
    const one = newEpisode(text, null, group, 1000, { uuid: randomUUID(), referenceTime: day(1) });
    const ingests = [1, 2].map(() =>
      openIngest(graphs, valkey, leases, { model: plainModel(), embedder: plainEmbedder() }),
    );

    await Promise.all([...ingests, ...ingests].map((ingest) => ingest(one)));

    const rows = await graphs.group(group).read('MATCH (p:Episodic) RETURN size(p.entity_edges) AS n');
    expect(rows).toEqual([{ n: 2 }]);
  });

  test.each(['Harbor uses Valkey.', 'Harbor not uses Redis.'])('is the same in either order: %s', async (later) => {
    const noted = async (days: readonly number[]) => {
      const { store, graph } = openMemory({ single: ['USES'] });
      for (const on of days) await store(on, on === 1 ? 'Harbor uses Redis.' : later);
      return graph.read(
        `MATCH (p:Episodic) MATCH (k:_Meta {key: 'episode:' + p.uuid})
         UNWIND p.entity_edges AS uuid MATCH ()-[e:RELATES_TO {uuid: uuid}]->()
         RETURN p.content AS content, e.fact AS fact, k.unread AS unread ORDER BY content, fact`,
      );
    };

    expect(await noted([3, 1])).toEqual(await noted([1, 3]));
  });
});

test('each episode of a fact that was split in two refers to the part that it stated or ended', async () => {
  const { store, graph } = openMemory();
  for (const on of [1, 5]) await store(on, 'Harbor uses Redis.');

  await store(3, 'Harbor not uses Redis.');

  const rows = await graph.read<{ on: string; parts: string[] }>(
    `MATCH (p:Episodic) UNWIND p.entity_edges AS uuid MATCH ()-[e:RELATES_TO {uuid: uuid}]->()
     RETURN substring(p.valid_at, 8, 2) AS on, collect(substring(e.valid_at, 8, 2)) AS parts ORDER BY on`,
  );
  expect(rows).toEqual([
    { on: '01', parts: ['01'] },
    { on: '03', parts: ['01'] },
    { on: '05', parts: ['05'] },
  ]);
});

describe('the time a fact was first stated', () => {
  const said = (graph: { read(query: string): Promise<unknown[]> }) =>
    graph.read('MATCH ()-[e:RELATES_TO]->() RETURN e.reference_time AS at');
  const january = (on: number) => [{ at: `2025-01-0${on}T00:00:00+00:00` }];

  test("is the earliest episode's in either order, until that episode is removed", async () => {
    const { store, remove, graph } = openMemory();
    await store(5, 'Harbor uses Redis.');

    const first = await store(3, 'Harbor uses Redis.');

    expect(await said(graph)).toEqual(january(3));
    await remove(first);
    expect(await said(graph)).toEqual(january(5));
  });

  test.each([
    ['at the precision that Python wrote', '2025-01-01T00:00:00.000417+00:00'],
    ['as unknown if Python did not write it', null],
  ])('stays %s', async (_, at) => {
    const { store, graph } = openMemory();
    await store(1, 'Harbor uses Redis.');
    await graph.write('MATCH ()-[e:RELATES_TO]->() SET e.reference_time = $at', { at });

    await store(5, 'Harbor uses Redis.');

    expect(await said(graph)).toEqual([{ at }]);
  });
});

test.each([1, 4])('a contradiction is found among many other facts in its batch (batches of %i)', async (parts) => {
  const { store, facts, group } = openMemory({ single: ['RUNS_ON'] });
  const told = [
    ...Array.from({ length: 24 }, (_, index) => [1, `Quay${index} runs_on Gent.`] as const),
    [2, 'Harbor runs_on Lille.'],
    [3, 'Harbor runs_on Gent.'],
  ] as const;
  for (let from = 0; from < told.length; from += Math.ceil(told.length / parts)) {
    const batch = told.slice(from, from + Math.ceil(told.length / parts));
    const lease = await leases.take(group);
    const ends = Promise.all(batch.map(([on, text]) => store(on, text)));
    await until('all wait', async () => (await valkey.hlen(`waiting:{${group}}`)) === batch.length);
    await lease.release();
    await ends;
  }

  expect((await facts()).filter((fact) => fact.startsWith('Harbor'))).toEqual([
    'Harbor runs_on Lille 2–3 (1)',
    'Harbor runs_on Gent 3– (1)',
  ]);
});

test('an episode that states a fact for two times creates two facts', async () => {
  const { store, facts, model } = openMemory();
  const fact = { source: 'Harbor', target: 'Redis', relation: 'USES', fact: 'Harbor uses Redis' };
  model.extract = async () => ({
    entities: ['Harbor', 'Redis'].map((name) => ({ name, type: 'Entity' })),
    facts: [
      { ...fact, validAt: day(1), invalidAt: day(3) },
      { ...fact, validAt: day(7), invalidAt: null },
      { ...fact, validAt: day(7), invalidAt: null },
    ],
    ended: [],
  });

  await store(9, 'Both times.');

  expect(await facts()).toEqual(['Harbor uses Redis 1–3 (1)', 'Harbor uses Redis 7– (1)']);
});

test('a rephrased fact with its entities swapped is recognized from then on', async () => {
  const { store, facts, model } = openMemory({ repeats: [['Harbor uses Redis', 'Redis serves Harbor']] });

  for (const [on, text] of ['Harbor uses Redis.', 'Redis serves Harbor.', 'Redis serves Harbor.'].entries())
    await store(on + 1, text);

  expect(await facts()).toEqual(['Harbor uses Redis 1– (3)']);
  expect(model.asked).toHaveLength(1);
});

describe('an entity', () => {
  test('whose name is a word that the index ignores is found in any capitalization', async () => {
    const { store, graph, facts } = openMemory();

    await store(1, 'IT uses Redis.');
    await store(2, 'it uses Redis. it uses Valkey.');

    expect(await facts()).toEqual(['IT uses Redis 1– (2)', 'it uses Valkey 2– (1)']);
    expect(await graph.read("MATCH (n:Entity {name: 'IT'}) RETURN n.summary AS summary")).toEqual([
      { summary: 'IT uses Redis\nit uses Valkey' },
    ]);
  });

  test('whose first episode states more than a summary holds is marked for shortening', async () => {
    const { store, graph } = openMemory();

    await store(1, Array.from({ length: 30 }, (_, index) => `Harbor uses ${'x'.repeat(90)}${index}.`).join(' '));

    const rows = await graph.read(
      `MATCH (n:Entity {name: 'Harbor'}) MATCH (l:_Meta {key: 'long:' + n.uuid}) RETURN l.key`,
    );
    expect(rows).toHaveLength(1);
  });

  test('keeps a current fact in its summary when a duplicate of the fact is removed', async () => {
    const { store, graph } = openMemory();
    await store(1, 'Harbor uses Redis.');
    await graph.write(
      `MATCH (a:Entity {name: 'Harbor'})-[e]->(b) CREATE (a)-[f:RELATES_TO]->(b)
       SET f = properties(e) SET f.uuid = 'twin', f.episodes = []`,
    );

    await store(5, 'Harbor uses Redis.');

    expect(await graph.read("MATCH (n:Entity {name: 'Harbor'}) RETURN n.summary AS summary")).toEqual([
      { summary: 'Harbor uses Redis' },
    ]);
  });

  test('takes over the alias of a removed entity', async () => {
    const { store, graph, model } = openMemory({ same: [['Kubernetes', 'Kubernetes-cluster']] });
    await store(1, 'Kubernetes runs Harbor.');
    await store(2, 'Kubernetes-cluster runs Harbor.');
    await graph.write("MATCH (n:Entity {name: 'Kubernetes'}) SET n.uuid = 'other'");

    await store(3, 'Kubernetes-cluster runs Berth.');
    await store(4, 'Kubernetes-cluster runs Dock.');

    expect(model.asked.filter(({ entities }) => entities.length > 0)).toHaveLength(2);
  });
});

test('many similar new names in one batch are resolved', async () => {
  const { store, facts } = openMemory({ single: [] });
  await store(1, 'Harbor has Piers.');

  await Promise.all(Array.from({ length: 31 }, (_, index) => store(2, `Harbor fixes PROJECT-1${100 + index}.`)));

  expect(await facts()).toHaveLength(32);
});

test('the facts between two entities are found without reading all facts of either', async () => {
  const graph = graphs.group(newGroup());
  await graph.prepare(plainEmbedder());
  await graph.write(
    `CREATE (h:Entity {uuid: 'hub'}) WITH h
     UNWIND range(1, 10000) AS i
     CREATE (h)-[:RELATES_TO {uuid: 'fact' + i, fact: '', name: 'HAS'}]->(:Entity {uuid: 'part' + i})`,
  );
  const pairs = Array.from({ length: 20 }, (_, index) => ({ one: 'hub', other: `part${index + 1}`, key: `${index}` }));

  const rows = await maxRowsScanned(stores.config, graph, async (watched) => {
    expect((await findFactsToCompare(watched, pairs, [])).facts).toHaveLength(20);
  });

  expect(rows).toBeLessThan(1000);
});
