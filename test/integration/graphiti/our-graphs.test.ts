import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EpisodeOptions, newEpisode } from '../../../src/episode.ts';
import { type Graphs, openGraphs } from '../../../src/graph/graphs.ts';
import type { GroupGraph } from '../../../src/graph/group-graph.ts';
import { openIngest } from '../../../src/ingest/ingest.ts';
import { localLanguageModel } from '../../../src/models/local/language-model.ts';
import { tripletText } from '../../../src/triplet.ts';
import { openUpkeep } from '../../../src/upkeep/upkeep.ts';
import { retryingConnection } from '../../../src/valkey/connections.ts';
import { type Leases, openLeases } from '../../../src/valkey/lease.ts';
import { anEpisode, openTestForgetting } from '../../support/forgetting.ts';
import { checklist } from '../../support/graphiti/checklist.ts';
import { isPythonThere, pythonNote, pythonReads } from '../../support/graphiti/python.ts';
import { readAsPython } from '../../support/graphiti/reader.ts';
import { PRIVATE_LABELS } from '../../support/graphiti/schema.ts';
import { scriptedModel } from '../../support/graphiti/scripted-model.ts';
import { toyEmbedder } from '../../support/graphiti/toy-embedder.ts';
import { wholeGraph } from '../../support/graphiti/whole-graph.ts';
import { newGroup, useStores } from '../../support/stores.ts';

interface Told extends EpisodeOptions {
  readonly content: string;
  readonly metadata?: Record<string, unknown>;
  readonly day: string;
}

const triplet = (source: string, relation: string, target: string, validAt?: string, invalidAt?: string) =>
  tripletText({
    ...{ source, relation, target, sourceType: 'Project' },
    ...(validAt && { validAt: new Date(validAt) }),
    ...(invalidAt && { invalidAt: new Date(invalidAt) }),
  });

/** A bit of everything that can be stored. */
const EPISODES: readonly Told[] = [
  { day: '2025-01-06', content: 'Harbor uses Redis 7 for sessions and RabbitMQ for jobs. Mira Okafor leads Harbor.' },
  {
    day: '2025-01-07',
    content: 'Lighthouse is written in TypeScript. Lighthouse depends on Harbor since January 2025.',
  },
  {
    day: '2025-02-01',
    content: 'mira: Harbor uses Redis 7 for sessions.\ntomas: and Lighthouse uses Svelte.',
    source: 'message',
  },
  { day: '2025-03-10', content: 'Harbor no longer uses RabbitMQ. Harbor uses BullMQ.' },
  { day: '2025-01-01', content: 'Harbor used Redis 6 until December 2024.' },
  {
    day: '2025-03-11',
    content: '{"deploy": {"project": "Harbor", "region": "eu-north-1", "replicas": 3}}',
    source: 'json',
  },
  { day: '2025-03-12', content: '[{"name": "Quay", "uses": ["Postgres", "Kafka"]}, null, 5, "text"]', source: 'json' },
  {
    day: '2025-03-13',
    content: 'Harbor uses Redis 7 for sessions.',
    metadata: { file: 'src/main.ts', deep: { list: [1, null, 'x'] } },
  },
  { day: '2025-03-14', content: triplet('Harbor', 'USES', 'Valkey', '2025-03-01T00:00:00Z'), source: 'fact_triple' },
  {
    day: '2025-03-15',
    content: triplet('Harbor', 'USED', 'Memcached', '2023-01-01', '2024-01-01'),
    source: 'fact_triple',
  },
  {
    day: '2025-03-16',
    content: triplet('harbor', 'USES', 'valkey', '2025-02-01T00:00:00.250Z'),
    source: 'fact_triple',
  },
  {
    day: '2025-04-01',
    content: 'ines: we plan to drop Svelte for Solid next spring.',
    source: 'message',
    saga: 'session 1',
  },
  { day: '2025-04-02', content: 'ines: Lighthouse replaced gRPC by HTTP.', source: 'message', saga: 'session 1' },
  { day: '2025-03-31', content: 'ines: Lighthouse uses gRPC.', source: 'message', saga: 'session 1' },
  { day: '2025-04-04', content: 'nothing to see here' },
  {
    day: '2025-04-05',
    content: 'Tomás “Tom” O\'Brien uses \\"C++\\" & `Node.js` — 数据库 🚀 @fact:(x) {} ',
    sourceDescription: '',
  },
  { day: '0001-01-01', content: 'Atlas uses Papyrus.' },
  // A fact, stated again later; only then an episode says that it had ended in between.
  { day: '2025-05-01', content: 'Quay uses Kafka.' },
  { day: '2025-07-01', content: 'Quay uses Kafka.' },
  { day: '2025-06-01', content: 'Quay no longer uses Kafka.' },
];

describe('a graph that we wrote', () => {
  const stores = useStores();
  let graphs: Graphs;
  let valkey: ReturnType<typeof retryingConnection>;
  let leases: Leases;
  let graph: GroupGraph;

  beforeAll(async () => {
    graphs = openGraphs(stores.config.falkordb);
    graph = graphs.group(newGroup());
    valkey = retryingConnection(stores.config.valkey);
    leases = openLeases(valkey, stores.config.takeoverMs);
    const model = localLanguageModel();
    const ingest = openIngest(graphs, valkey, leases, { model, embedder: toyEmbedder() });
    const store = ({ content, metadata, day, ...options }: Told) =>
      ingest(newEpisode(content, metadata, graph.group, 100_000, { referenceTime: new Date(day), ...options }));
    for (const told of EPISODES.slice(0, 8)) await store(told);
    await Promise.all(EPISODES.slice(8).map(store));
    await model.close();
  });
  afterAll(async () => {
    await graphs.close();
    leases.close();
    valkey.disconnect();
  });

  test('passes the checklist', async () => {
    expect(await checklist(graph)).toEqual([]);
  });

  test('contains everything that the checklist checks', async () => {
    const { entities, facts, episodes, joins } = readAsPython(await wholeGraph(graph));

    expect(episodes).toHaveLength(EPISODES.length);
    expect(new Set(episodes.map(({ source }) => source))).toEqual(new Set(['text', 'message', 'json', 'fact_triple']));
    expect(entities.length).toBeGreaterThan(10);
    expect(facts.length).toBeGreaterThan(10);
    expect(facts.some(({ invalid_at }) => invalid_at !== null)).toBe(true);
    expect(facts.some((fact) => fact.episodes.length > 1)).toBe(true);
    expect(joins.length).toBeGreaterThan(entities.length);
  });

  test('is read completely by Python, without our properties among the attributes', async () => {
    const whole = await wholeGraph(graph);

    const { entities, facts, episodes, communities, sagas, joins } = readAsPython(whole);

    const read = entities.length + episodes.length + communities.length + sagas.length;
    expect(read).toBe(whole.nodes.filter(({ labels }) => !labels.some((it) => PRIVATE_LABELS.includes(it))).length);
    expect(facts.length + joins.length).toBe(whole.edges.length);
    for (const { attributes } of [...entities, ...facts]) expect(attributes).toEqual({});
  });

  test.skipIf(!isPythonThere)(`has dates that Python reads and would write the same way${pythonNote}`, async () => {
    const { nodes, edges } = await wholeGraph(graph);
    const dates = [...nodes, ...edges]
      .filter((it) => !('labels' in it && it.labels.some((label) => PRIVATE_LABELS.includes(label))))
      .flatMap(({ properties }) => Object.entries(properties))
      .flatMap(([name, value]) => (/_at$|_time$/.test(name) ? [String(value)] : []));

    expect(dates.length).toBeGreaterThan(50);
    expect(pythonReads(dates)).toEqual(dates.map((date) => `${date} 0:00:00`));
  });

  test('has each saga in the order in which Python follows it, whatever the order of arrival', async () => {
    const { sagas, joins, episodes } = readAsPython(await wholeGraph(graph));

    const days = new Map(episodes.map(({ uuid, valid_at }) => [uuid, new Date(valid_at).toISOString().slice(0, 10)]));
    expect(sagas.map(({ name }) => name)).toEqual(['session 1']);
    expect(joins.filter(({ type }) => type === 'HAS_EPISODE')).toHaveLength(3);
    expect(
      joins
        .filter(({ type }) => type === 'NEXT_EPISODE')
        .map((it) => `${days.get(it.source_node_uuid)} to ${days.get(it.target_node_uuid)}`)
        .sort(),
    ).toEqual(['2025-03-31 to 2025-04-01', '2025-04-01 to 2025-04-02']);
  });

  test('still passes after communities were built and a saga was summarized', async () => {
    const forgetting = openTestForgetting(stores.config, { graphs, valkey, leases }, toyEmbedder());
    const parts = { graphs, valkey, leases, languageModel: scriptedModel({}), embedder: toyEmbedder(), forgetting };
    const upkeep = openUpkeep(parts);

    await upkeep.run(graph.group, { kind: 'communities' });
    await upkeep.run(graph.group, { kind: 'summarize-saga', saga: 'session 1' });
    await upkeep.run(graph.group, { kind: 'summaries' });

    expect(await checklist(graph)).toEqual([]);
    const { communities, joins } = readAsPython(await wholeGraph(graph));
    expect(communities.length).toBeGreaterThan(0);
    expect(joins.filter(({ type }) => type === 'HAS_MEMBER').length).toBeGreaterThan(2);
  });

  test("has Graphiti's indexes, so that Python's searches return results", async () => {
    const there = await graph.read<{ label: string; types: Record<string, string[]> }>(
      'CALL db.indexes() YIELD label, types RETURN label, types',
    );

    for (const [label, properties] of Object.entries(GRAPHITI_SEARCHES)) {
      const kinds = there.filter((index) => index.label === label).map(({ types }) => types);
      for (const property of properties) expect(kinds.flatMap((types) => types[property] ?? [])).toContain('FULLTEXT');
      expect(kinds.flatMap((types) => types.uuid ?? [])).toContain('RANGE');
    }
  });

  test("returns the expected results to Python's full-text queries", async () => {
    const rows = await graph.read<{ fact: string }>(
      `CALL db.idx.fulltext.queryRelationships('RELATES_TO', ' (Harbor | valkey)') YIELD relationship AS rel, score
       WITH rel AS e, score, startNode(rel) AS n, endNode(rel) AS m WHERE n:Entity AND m:Entity AND e.group_id IN $groups
       RETURN e.fact AS fact ORDER BY score DESC LIMIT 1`,
      { groups: [graph.group] },
    );

    expect(rows.map(({ fact }) => fact.toLowerCase())).toEqual(['harbor uses valkey']);
  });

  test("returns the expected results to Python's vector queries", async () => {
    const [vector = []] = await toyEmbedder().embed(['RabbitMQ']);

    const rows = await graph.read<{ name: string; score: number }>(
      `MATCH (n:Entity) WHERE n.group_id IN $groups
       WITH n, (2 - vec.cosineDistance(n.name_embedding, vecf32($vector)))/2 AS score WHERE score > 0.6
       RETURN n.name AS name, score ORDER BY score DESC LIMIT 1`,
      { groups: [graph.group], vector },
    );

    expect(rows).toEqual([{ name: 'RabbitMQ', score: expect.closeTo(1, 4) }]);
  });

  test('is valid after each episode is removed, down to the last', async () => {
    const { forget } = openTestForgetting(stores.config, { graphs, valkey, leases }, toyEmbedder());
    const { episodes } = readAsPython(await wholeGraph(graph));

    for (const { uuid } of episodes) {
      await forget(graph.group, anEpisode(uuid));

      expect(await checklist(graph)).toEqual([]);
    }

    const left = readAsPython(await wholeGraph(graph));
    expect([...left.episodes, ...left.facts, ...left.entities]).toEqual([]);
  });
});

const GRAPHITI_SEARCHES: Record<string, string[]> = {
  Episodic: ['content', 'source', 'source_description', 'group_id'],
  Entity: ['name', 'summary', 'group_id'],
  Community: ['name', 'group_id'],
  RELATES_TO: ['name', 'fact', 'group_id'],
};
