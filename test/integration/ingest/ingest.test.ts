import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type Episode, newEpisode } from '../../../src/episode.ts';
import { NO_CHANGES } from '../../../src/graph/commit-changes.ts';
import { openGraphs } from '../../../src/graph/graphs.ts';
import type { GroupGraph } from '../../../src/graph/group-graph.ts';
import { commit } from '../../../src/graph/queries/commit.ts';
import { readFence } from '../../../src/graph/queries/fence.ts';
import { openIngest } from '../../../src/ingest/ingest.ts';
import { MemoryManager } from '../../../src/memory.ts';
import type { Extraction } from '../../../src/models/language-model.ts';
import { plainEmbedder, plainModel } from '../../support/models.ts';
import { useStoreConnections } from '../../support/store-connections.ts';
import { newGroup, useStores } from '../../support/stores.ts';

const stores = useStores();
const opened = useStoreConnections(stores);

const episode = (group: string, content: string, day = '2025-01-01', uuid: string = randomUUID()): Episode =>
  newEpisode(content, { day }, group, 1_000_000, { uuid, referenceTime: new Date(`${day}T00:00:00Z`) });

const facts = (graph: GroupGraph) =>
  graph.read<{ fact: string; from: string; to: string | null; episodes: number }>(
    `MATCH ()-[e:RELATES_TO]->() RETURN e.fact AS fact, e.valid_at AS from, e.invalid_at AS to, size(e.episodes) AS episodes
     ORDER BY fact`,
  );

describe('a stored episode', () => {
  test('becomes a raw episode, entities with types, and a dated fact between them', async () => {
    const group = newGroup();
    const ingest = openIngest(opened.graphs, opened.valkey, opened.leases, {
      model: plainModel(),
      embedder: plainEmbedder(),
    });

    await ingest(episode(group, 'Harbor uses Redis.'));

    const graph = opened.graphs.group(group);
    expect(await facts(graph)).toEqual([
      { fact: 'Harbor uses Redis', from: '2025-01-01T00:00:00+00:00', to: null, episodes: 1 },
    ]);
    expect(
      await graph.read(
        'MATCH (p:Episodic)-[:MENTIONS]->(n:Product) RETURN p.content AS content, n.name AS name ORDER BY name',
      ),
    ).toEqual([
      { content: 'Harbor uses Redis.', name: 'Harbor' },
      { content: 'Harbor uses Redis.', name: 'Redis' },
    ]);
  });

  test('that states no fact but marks a task invalidates cached answers from before its notes', async () => {
    const group = newGroup();
    const memory = new MemoryManager({ ...stores.config, group });
    const sentence = 'Somebody has to renew the certificate.';
    const model = {
      ...plainModel(),
      extract: async (): Promise<Extraction> => ({
        ...{ entities: [], facts: [], ended: [] },
        notes: [{ kind: 'task', sentence, task: 'renew the certificate', isDone: false }],
      }),
    };
    const graph = opened.graphs.group(group);
    let asked = 0;
    const change: GroupGraph['change'] = async (query, params) => {
      if (query.includes('UNWIND $statements')) {
        asked += 1;
        expect((await memory.getBriefing()).tasks).toEqual([]);
      }
      return graph.change(query, params);
    };
    const graphs = { ...opened.graphs, group: () => ({ ...graph, change }) };
    const ingest = openIngest(graphs, opened.valkey, opened.leases, { model, embedder: plainEmbedder() });

    await ingest(episode(group, sentence));

    expect((await memory.getBriefing()).tasks.map(({ text }) => text)).toEqual([sentence]);
    expect(asked).toBe(1);
    await memory.close();
  });

  test('delivered again changes nothing and calls no model', async () => {
    const group = newGroup();
    const model = plainModel();
    const ingest = openIngest(opened.graphs, opened.valkey, opened.leases, { model, embedder: plainEmbedder() });
    const one = episode(group, 'Harbor uses Redis.');
    await ingest(one);
    const before = await wholeGraph(opened.graphs.group(group));

    await Promise.all([ingest(one), ingest(one)]);

    expect(await wholeGraph(opened.graphs.group(group))).toEqual(before);
    expect(model.calls).toBe(1);
  });

  test('delivered twice at the same moment is stored once', async () => {
    const group = newGroup();
    const one = episode(group, 'Harbor uses Redis. Harbor uses Valkey.');
    const ingests = [1, 2].map(() =>
      openIngest(opened.graphs, opened.valkey, opened.leases, { model: plainModel(), embedder: plainEmbedder() }),
    );

    await Promise.all(ingests.map((ingest) => ingest(one)));

    expect(await facts(opened.graphs.group(group))).toHaveLength(2);
    expect(await opened.graphs.group(group).read('MATCH (:Episodic)-[m:MENTIONS]->() RETURN count(m) AS n')).toEqual([
      { n: 3 },
    ]);
  });

  test('that repeats a known fact becomes another source of it instead of a duplicate', async () => {
    const group = newGroup();
    const ingest = openIngest(opened.graphs, opened.valkey, opened.leases, {
      model: plainModel(),
      embedder: plainEmbedder(),
    });
    await ingest(episode(group, 'Harbor uses Redis.', '2025-02-01'));

    await ingest(episode(group, 'harbor uses redis.', '2025-01-15'));

    expect(await facts(opened.graphs.group(group))).toEqual([
      { fact: 'Harbor uses Redis', from: '2025-01-15T00:00:00+00:00', to: null, episodes: 2 },
    ]);
  });

  test('that ends a fact sets its end and keeps it', async () => {
    const group = newGroup();
    const ingest = openIngest(opened.graphs, opened.valkey, opened.leases, {
      model: plainModel(),
      embedder: plainEmbedder(),
    });
    await ingest(episode(group, 'Harbor uses Redis.', '2025-01-01'));

    await ingest(episode(group, 'Harbor not uses Redis.', '2025-03-01'));

    expect(await facts(opened.graphs.group(group))).toEqual([
      { fact: 'Harbor uses Redis', from: '2025-01-01T00:00:00+00:00', to: '2025-03-01T00:00:00+00:00', episodes: 1 },
    ]);
  });

  test('that states an ended fact again creates a new fact', async () => {
    const group = newGroup();
    const ingest = openIngest(opened.graphs, opened.valkey, opened.leases, {
      model: plainModel(),
      embedder: plainEmbedder(),
    });
    await ingest(episode(group, 'Harbor uses Redis.', '2025-01-01'));
    await ingest(episode(group, 'Harbor not uses Redis.', '2025-03-01'));

    await ingest(episode(group, 'Harbor uses Redis.', '2025-05-01'));

    expect(
      (await facts(opened.graphs.group(group))).map(({ from, to }) => [from.slice(0, 10), to?.slice(0, 10)]),
    ).toEqual(
      expect.arrayContaining([
        ['2025-01-01', '2025-03-01'],
        ['2025-05-01', undefined],
      ]),
    );
  });
});

describe('many episodes at once', () => {
  test('of one group through two workers create each entity once', async () => {
    const group = newGroup();
    const ingests = [1, 2].map(() =>
      openIngest(opened.graphs, opened.valkey, opened.leases, { model: plainModel(), embedder: plainEmbedder() }),
    );

    await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        ingests[i % 2]?.(episode(group, `Harbor uses Part${i % 7}. Harbor has step${i}.`)),
      ),
    );

    const graph = opened.graphs.group(group);
    const names = await graph.read<{ name: string }>('MATCH (n:Entity) RETURN n.name AS name');
    expect(names).toHaveLength(1 + 7 + 40);
    expect(new Set(names.map(({ name }) => name)).size).toBe(48);
    expect((await facts(graph)).reduce((sum, fact) => sum + fact.episodes, 0)).toBe(80);
  });

  test('of two groups stay separate', async () => {
    const [one, other] = [newGroup(), newGroup()];
    const ingest = openIngest(opened.graphs, opened.valkey, opened.leases, {
      model: plainModel(),
      embedder: plainEmbedder(),
    });

    await Promise.all(
      Array.from({ length: 20 }, (_, i) => ingest(episode(i % 2 ? one : other, `Thing${i} uses Part${i}.`))),
    );

    const owners = await opened.graphs
      .group(one)
      .read('MATCH (n) WHERE n.group_id IS NOT NULL RETURN DISTINCT n.group_id AS g');
    expect(owners).toEqual([{ g: one }]);
    expect(await facts(opened.graphs.group(one))).toHaveLength(10);
  });
});

describe('a commit', () => {
  test('of a worker that lost its lease is refused by the graph and leaves no trace', async () => {
    const group = newGroup();
    const ingest = openIngest(opened.graphs, opened.valkey, opened.leases, {
      model: plainModel(),
      embedder: plainEmbedder(),
    });
    await ingest(episode(group, 'Harbor uses Redis.'));
    const before = await wholeGraph(opened.graphs.group(group));

    const accepted = await commit(opened.graphs.group(group), {
      ...nothing,
      fence: 1,
      seen: await readFence(opened.graphs.group(group)),
      newEntities: [entity('Late')],
    });

    expect(accepted).toBe(false);
    expect(await wholeGraph(opened.graphs.group(group))).toEqual(before);
  });

  test('based on an outdated read is refused, whoever holds the lease', async () => {
    const group = newGroup();
    const graph = opened.graphs.group(group);
    const ingest = openIngest(opened.graphs, opened.valkey, opened.leases, {
      model: plainModel(),
      embedder: plainEmbedder(),
    });
    await ingest(episode(group, 'Harbor uses Redis.'));
    const seen = await readFence(graph);
    await ingest(episode(group, 'Harbor uses Valkey.'));
    const before = await wholeGraph(graph);

    const accepted = await commit(graph, { ...nothing, fence: 9e12, seen, newEntities: [entity('Late')] });

    expect(accepted).toBe(false);
    expect(await wholeGraph(graph)).toEqual(before);
  });

  test('that fails halfway leaves nothing behind', async () => {
    const group = newGroup();
    const graph = opened.graphs.group(group);
    await graph.prepare(plainEmbedder());
    const before = await wholeGraph(graph);
    const broken = { ...entity('Broken'), embedding: ['x'] as unknown as number[] };

    const write = commit(graph, { ...nothing, fence: 9e12, seen: 0, newEntities: [entity('Whole'), broken] });

    await expect(write).rejects.toThrow();
    expect(await wholeGraph(graph)).toEqual(before);
  });

  test('with one bad episode still stores the others of its batch', async () => {
    const group = newGroup();
    const model = plainModel();
    const embedder = plainEmbedder();
    const poisoned = {
      ...embedder,
      embed: async (texts: readonly string[]) =>
        (await embedder.embed(texts)).map((vector, i) => (texts[i]?.includes('Poison') ? [1, Number.NaN] : vector)),
    };
    const ingest = openIngest(opened.graphs, opened.valkey, opened.leases, { model, embedder: poisoned });

    const results = await Promise.allSettled(
      ['Harbor uses Redis.', 'Poison uses Redis.', 'Quay uses Redis.'].map((text) => ingest(episode(group, text))),
    );

    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((await facts(opened.graphs.group(group))).map(({ fact }) => fact)).toEqual([
      'Harbor uses Redis',
      'Quay uses Redis',
    ]);
  });
});

test('a graph is never opened with an embedder other than its own', async () => {
  const group = newGroup();
  await openIngest(opened.graphs, opened.valkey, opened.leases, { model: plainModel(), embedder: plainEmbedder() })(
    episode(group, 'Harbor uses Redis.'),
  );
  const fresh = openGraphs(stores.config.falkordb);
  const other = { ...plainEmbedder(), model: 'another', dimension: 8 };

  const ingest = openIngest(fresh, opened.valkey, opened.leases, { model: plainModel(), embedder: other })(
    episode(group, 'Quay uses Redis.'),
  );

  await expect(ingest).rejects.toThrow(/was written with the embedder plain-words \(32 dimensions\), not another/);
  await fresh.close();
});

const nothing = { ...NO_CHANGES, now: '2025-01-01T00:00:00+00:00' };

const entity = (name: string) => ({
  uuid: randomUUID(),
  name,
  label: 'Product',
  summary: '',
  attributes: {},
  embedding: new Array<number>(32).fill(0.1),
});

async function wholeGraph(graph: GroupGraph): Promise<unknown[]> {
  const nodes = await graph.read('MATCH (n) RETURN labels(n) AS labels, properties(n) AS properties ORDER BY id(n)');
  const edges = await graph.read('MATCH ()-[e]->() RETURN type(e) AS type, properties(e) AS properties ORDER BY id(e)');
  return [nodes, edges];
}
