import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { newEpisode } from '../../../src/episode.ts';
import type { GroupGraph } from '../../../src/graph/group-graph.ts';
import { openIngest } from '../../../src/ingest/ingest.ts';
import type { ExtractedFact, Extraction } from '../../../src/models/language-model.ts';
import { anEpisode, openTestForgetting } from '../../support/forgetting.ts';
import { checklist } from '../../support/graphiti/checklist.ts';
import { goldenGraph, goldenNote, hasGoldenGraph, type Properties } from '../../support/graphiti/golden.ts';
import { loadGolden } from '../../support/graphiti/load-golden.ts';
import { readAsPython } from '../../support/graphiti/reader.ts';
import { scriptedModel } from '../../support/graphiti/scripted-model.ts';
import { toyEmbedder } from '../../support/graphiti/toy-embedder.ts';
import { wholeGraph } from '../../support/graphiti/whole-graph.ts';
import { useStoreConnections } from '../../support/store-connections.ts';
import { newGroup, useStores } from '../../support/stores.ts';

/** The attribute that the golden team gave to people. */
const ATTRIBUTES = ['role'];

const golden = describe.skipIf(!hasGoldenGraph);

golden(`an episode of ours in a graph that graphiti_core wrote${goldenNote}`, () => {
  const stores = useStores();
  const opened = useStoreConnections(stores);

  const NEWS = 'Mira Okafor moved Harbor from Backblaze B2 to Hetzner. Harbor is deployed in eu-north-1.';
  const says = (source: string, relation: string, target: string, fact: string): ExtractedFact => ({
    ...{ source, relation, target, fact },
    ...{ validAt: null, invalidAt: null },
  });
  const reading: Partial<Extraction> = {
    entities: ['mira  okafor', 'Harbor', 'Backblaze B2', 'eu-north-1', 'Hetzner'].map((name) => ({
      name,
      type: name === 'Hetzner' ? 'Tool' : 'Entity',
    })),
    facts: [
      says('Harbor', 'BACKED_UP_TO', 'Hetzner', 'Harbor is backed up to Hetzner'),
      says('Harbor', 'DEPLOYED_IN', 'eu-north-1', 'Harbor is deployed in eu-north-1'),
    ],
    ended: [{ source: 'Harbor', target: 'Backblaze B2', at: new Date('2026-01-10T00:00:00Z') }],
  };

  async function withNews(): Promise<{ graph: GroupGraph; uuid: string }> {
    const graph = opened.graphs.group(newGroup());
    await loadGolden(graph);
    const uuid = randomUUID();
    const ingest = openIngest(opened.graphs, opened.valkey, opened.leases, {
      model: scriptedModel({ [NEWS]: reading }),
      embedder: toyEmbedder(),
    });
    const referenceTime = new Date('2026-01-10T00:00:00Z');
    await ingest(newEpisode(NEWS, null, graph.group, 10_000, { uuid, referenceTime }));
    return { graph, uuid };
  }

  test('changes only the entities and facts that it mentions, summaries included', async () => {
    const { graph, uuid } = await withNews();
    const expected = everything(graph.group);
    // Said again by ours, and ended by ours.
    const [said, ended] = [factNamed('DEPLOYED_IN'), factNamed('BACKED_UP_TO')];
    expected.set(String(said.uuid), { ...expected.get(String(said.uuid)), episodes: [...texts(said.episodes), uuid] });
    expected.set(String(ended.uuid), {
      ...expected.get(String(ended.uuid)),
      invalid_at: '2026-01-10T00:00:00+00:00',
      expired_at: expect.stringMatching(/^20\d\d-.*\+00:00$/),
    });

    setLines(expected, 'Backblaze B2', []);
    setLines(expected, 'Harbor', [
      ...heldOf('Harbor').filter((line) => line !== ended.fact),
      'Harbor is backed up to Hetzner',
    ]);

    const after = await wholeGraph(graph);

    const byUuid = new Map([...after.nodes, ...after.edges].map(({ properties }) => [properties.uuid, properties]));
    for (const [key, properties] of expected) expect(comparable(byUuid.get(key) ?? {})).toEqual(comparable(properties));
  });

  test('matches existing entities as Python named and typed them', async () => {
    const { graph, uuid } = await withNews();

    const mentioned = await graph.read<{ name: string; uuid: string; labels: string[] }>(
      `MATCH (:Episodic {uuid: $uuid})-[:MENTIONS]->(n) RETURN n.name AS name, n.uuid AS uuid, labels(n) AS labels ORDER BY name`,
      { uuid },
    );

    const known = new Map(goldenGraph().nodes.map(({ properties: { name, uuid } }) => [name, uuid]));
    expect(mentioned.map(({ name }) => name)).toEqual([
      'Backblaze B2',
      'Harbor',
      'Hetzner',
      'Mira Okafor',
      'eu-north-1',
    ]);
    for (const { name, uuid } of mentioned.filter(({ name }) => name !== 'Hetzner')) expect(uuid).toBe(known.get(name));
    expect(mentioned.find(({ name }) => name === 'Mira Okafor')?.labels.sort()).toEqual(['Entity', 'Person']);
  });

  test('takes its place in a saga of Python, whose first episode is corrected', async () => {
    const graph = opened.graphs.group(newGroup());
    await loadGolden(graph);
    const ingest = openIngest(opened.graphs, opened.valkey, opened.leases, {
      model: scriptedModel({ [NEWS]: reading }),
      embedder: toyEmbedder(),
    });
    const options = { uuid: randomUUID(), referenceTime: new Date('2025-05-01T00:00:00Z'), saga: 'harbor-log' };

    await ingest(newEpisode(NEWS, null, graph.group, 10_000, options));

    const chain = await graph.read<{ name: string }>(
      `MATCH (s:Saga {name: 'harbor-log'}) MATCH p = (:Episodic {uuid: s.first_episode_uuid})-[:NEXT_EPISODE*]->(:Episodic {uuid: s.last_episode_uuid})
       UNWIND nodes(p) AS n RETURN n.name AS name`,
    );
    const numbers = chain.map(({ name }) => (/^episode_\d\d$/.test(name) ? name.slice(-2) : 'ours'));
    expect(numbers).toEqual(['00', '01', '03', '04', '06', 'ours', '08', '09', '11', '13']);
    expect(await checklist(graph, ATTRIBUTES)).toEqual([]);
  });

  test('leaves no trace of its changes when it is removed', async () => {
    const { graph, uuid } = await withNews();

    await openTestForgetting(stores.config, opened, toyEmbedder()).forget(graph.group, anEpisode(uuid));

    const after = await wholeGraph(graph);
    const expected = everything(graph.group);
    // The rebuilt summary leaves out facts that Python had ended.
    setLines(expected, 'Harbor', heldOf('Harbor'));
    const left = [...after.nodes, ...after.edges].filter(({ properties }) => 'uuid' in properties);
    expect(left.map(({ properties }) => String(properties.uuid)).sort()).toEqual([...expected.keys()].sort());
    for (const { properties } of left)
      expect(comparable(properties)).toEqual(comparable(expected.get(String(properties.uuid)) ?? {}));
    expect(await checklist(graph, ATTRIBUTES)).toEqual([]);
  });

  test("removes Python's episodes one by one, and the graph is valid after each step", async () => {
    const graph = opened.graphs.group(newGroup());
    await loadGolden(graph);
    await graph.prepare(toyEmbedder());
    const { forget } = openTestForgetting(stores.config, opened, toyEmbedder());
    const episodes = goldenGraph().nodes.filter(({ labels }) => labels.includes('Episodic'));

    for (const { properties } of episodes) {
      await forget(graph.group, anEpisode(String(properties.uuid)));

      expect(await checklist(graph, ATTRIBUTES)).toEqual([]);
    }

    const { facts, episodes: left } = readAsPython(await wholeGraph(graph));
    expect([...facts, ...left]).toEqual([]);
  });

  test('leaves a graph that passes the checklist and that Python reads', async () => {
    const { graph } = await withNews();

    expect(await checklist(graph, ATTRIBUTES)).toEqual([]);
    const { entities, facts, episodes, sagas } = readAsPython(await wholeGraph(graph));
    expect([entities.length, facts.length, episodes.length, sagas.length]).toEqual([17, 18, 15, 1]);
    expect(Object.assign({}, ...[...entities, ...facts].map(({ attributes }) => attributes))).toEqual({
      role: 'backend engineer',
    });
  });
});

const texts = (list: unknown): string[] => list as string[];

function factNamed(relation: string): Properties {
  return goldenGraph().edges.find(({ properties }) => properties.name === relation)?.properties ?? {};
}

function setLines(all: Map<string, Properties>, name: string, lines: readonly string[]): void {
  for (const [key, properties] of all)
    if (properties.name === name && 'summary' in properties) all.set(key, { ...properties, summary: lines.join('\n') });
}

/** The sentences of the golden facts of an entity that hold. */
function heldOf(name: string): string[] {
  const { nodes, edges } = goldenGraph();
  const uuid = nodes.find(({ properties }) => properties.name === name)?.properties.uuid;
  const facts = edges.filter(
    ({ type, source, target }) => type === 'RELATES_TO' && [source, target].includes(String(uuid)),
  );
  return [...new Set(facts.flatMap(({ properties: { fact, invalid_at } }) => (invalid_at ? [] : [String(fact)])))];
}

/** All nodes and edges of the golden graph by uuid, as a graph of that group has them. */
function everything(group: string): Map<string, Properties> {
  const { nodes, edges } = goldenGraph();
  return new Map(
    [...nodes, ...edges].map(({ properties }) => [
      String(properties.uuid),
      withoutVectors({ ...properties, group_id: group }),
    ]),
  );
}

/** The order of a summary's sentences does not matter. */
function comparable(properties: Properties): Properties {
  const { summary, ...rest } = withoutVectors(properties);
  return { ...rest, ...(summary !== undefined && { summary: String(summary).split('\n').sort() }) };
}

/** The stored vectors are rounded; that they are the same tells the checklist of dimensions and the searches. */
function withoutVectors({ name_embedding, fact_embedding, ...rest }: Properties): Properties {
  return rest;
}
