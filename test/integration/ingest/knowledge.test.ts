import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { TokenUse } from '../../../src/models/language-model.ts';
import { randomNumbers } from '../../support/random.ts';
import { type ModelKnowledge, useScriptedMemories } from '../../support/scripted-memory.ts';
import { useStores } from '../../support/stores.ts';

const openMemory = useScriptedMemories(useStores());
const SINGLE: ModelKnowledge = { single: ['USES'] };

describe('contradicting facts', () => {
  test('end each other by date, in either order', async () => {
    const forwards = openMemory(SINGLE);
    await forwards.store(1, 'Harbor uses Redis.');
    await forwards.store(3, 'Harbor uses Valkey.');
    const backwards = openMemory(SINGLE);
    await backwards.store(3, 'Harbor uses Valkey.');
    await backwards.store(1, 'Harbor uses Redis.');

    const expected = ['Harbor uses Redis 1–3 (1)', 'Harbor uses Valkey 3– (1)'];
    expect(await forwards.facts()).toEqual(expected);
    expect(await backwards.facts()).toEqual(expected);
  });

  test('within one commit end each other too', async () => {
    const { facts, store, model } = openMemory(SINGLE);
    await store(1, 'Quay uses Redis.');

    await Promise.all([
      store(5, 'Harbor uses Dragonfly.'),
      store(3, 'Harbor uses Valkey.'),
      store(1, 'Harbor uses Redis.'),
    ]);

    expect(await facts()).toEqual([
      'Harbor uses Redis 1–3 (1)',
      'Quay uses Redis 1– (1)',
      'Harbor uses Valkey 3–5 (1)',
      'Harbor uses Dragonfly 5– (1)',
    ]);
    expect(model.asked.length).toBeLessThanOrEqual(3);
  });

  test('do not end a fact stated again later', async () => {
    const { facts, store } = openMemory(SINGLE);

    await store(1, 'Harbor uses Redis.');
    await store(5, 'Harbor uses Redis.');
    await store(3, 'Harbor uses Valkey.');

    expect(await facts()).toEqual([
      'Harbor uses Redis 1–3 (1)',
      'Harbor uses Valkey 3–5 (1)',
      'Harbor uses Redis 5– (1)',
    ]);
  });

  test('of the same moment coexist', async () => {
    const { facts, store } = openMemory(SINGLE);

    await store(1, 'Harbor uses Redis.');
    await store(1, 'Harbor uses Valkey.');

    expect(await facts()).toEqual(['Harbor uses Redis 1– (1)', 'Harbor uses Valkey 1– (1)']);
  });

  test('only count if they share an entity', async () => {
    const { facts, store, model } = openMemory({ single: ['USES'], same: [] });
    model.resolve = async ({ entities, facts: asked }) => ({
      entities: entities.map(() => 0),
      facts: asked.map(({ candidates }) => ({ repeats: 0, contradicts: candidates.map((_, index) => index) })),
    });

    await store(1, 'Harbor uses Redis.');
    await store(3, 'Quay uses Valkey.');

    expect(await facts()).toEqual(['Harbor uses Redis 1– (1)', 'Quay uses Valkey 3– (1)']);
  });
});

test('an ending stored before its fact still ends it', async () => {
  const { facts, store } = openMemory({});

  await store(3, 'Harbor not uses Redis.');
  await store(1, 'Harbor uses Redis.');
  await store(7, 'Harbor uses Redis.');

  expect(await facts()).toEqual(['Harbor uses Redis 1–3 (1)', 'Harbor uses Redis 7– (1)']);
});

test('a rephrased fact is the same fact, and the new wording is recognized from then on', async () => {
  const { facts, store, model } = openMemory({ repeats: [['Harbor uses Redis', 'Harbor employs Redis']] });

  await store(1, 'Harbor uses Redis.');
  await store(2, 'Harbor employs Redis.');
  await store(3, 'Harbor employs Redis.');

  expect(await facts()).toEqual(['Harbor uses Redis 1– (3)']);
  expect(model.asked).toHaveLength(1);
});

describe('an entity', () => {
  test('with another name is recognized, keeps its own name, and is found by both', async () => {
    const { graph, store, model } = openMemory({ same: [['Kubernetes', 'Kubernetes-cluster']] });

    await store(1, 'Kubernetes runs Harbor.');
    await store(2, 'Kubernetes-cluster runs Quay.');
    await store(3, 'kubernetes-Cluster runs Berth.');

    const names = await graph.read('MATCH (n:Entity) RETURN n.name AS name ORDER BY name');
    expect(names).toEqual([{ name: 'Berth' }, { name: 'Harbor' }, { name: 'Kubernetes' }, { name: 'Quay' }]);
    expect(model.asked.filter(({ entities }) => entities.length > 0)).toHaveLength(1);
    expect(await graph.read('MATCH (a:_Alias) RETURN a.alias AS alias')).toEqual([{ alias: 'Kubernetes-cluster' }]);
  });

  test('whose name differs only in punctuation is matched without a model call', async () => {
    const { graph, store, model } = openMemory({});

    await store(1, 'Joe/Michaels leads Harbor.');
    await store(2, 'Joe-Michaels leads Quay.');

    expect(await graph.read("MATCH (n:Entity) WHERE n.name STARTS WITH 'Joe' RETURN n.name AS name")).toEqual([
      { name: 'Joe/Michaels' },
    ]);
    expect(model.asked.filter(({ entities }) => entities.length > 0)).toEqual([]);
  });

  test('is summarized by its current facts', async () => {
    const { graph, store } = openMemory(SINGLE);

    await store(1, 'Harbor uses Redis. Harbor has Piers.');
    await store(3, 'Harbor uses Valkey.');

    expect(await graph.read("MATCH (n:Entity {name: 'Harbor'}) RETURN n.summary AS summary")).toEqual([
      { summary: 'Harbor has Piers\nHarbor uses Valkey' },
    ]);
    expect(await graph.read("MATCH (n:Entity {name: 'Redis'}) RETURN n.summary AS summary")).toEqual([{ summary: '' }]);
  });

  test('whose summary grows too long keeps the latest facts and is marked for shortening', async () => {
    const { graph, store } = openMemory({});
    const word = (index: number) => `${'x'.repeat(90)}${index}`;

    for (let day = 1; day <= 25; day += 1) await store(day, `Harbor uses ${word(day)}.`);

    const [row] = await graph.read<{ summary: string; long: number }>(
      "MATCH (n:Entity {name: 'Harbor'}) MATCH (l:_Meta {entity: n.uuid}) RETURN n.summary AS summary, count(l) AS long",
    );
    expect(row?.summary.length).toBeLessThanOrEqual(2000);
    expect(row?.summary.endsWith(word(25))).toBe(true);
    expect(row?.long).toBe(1);
  });
});

describe('models', () => {
  test('are called once for an episode with new entities, and not again for the same facts', async () => {
    const { store, model, embedder } = openMemory(SINGLE);

    await store(1, 'Harbor uses Redis. Harbor has Piers. Piers hold Ships.');
    await store(2, 'Harbor uses Redis. Harbor has Piers. Piers hold Ships.');

    expect(model.calls).toBe(2);
    expect(model.asked).toEqual([]);
    // Four names, three facts and a passage, each distinct text once, all in one request.
    expect(embedder.texts).toHaveLength(8);
    expect(embedder.requests).toBe(1);
  });

  test('record their token use with the episode', async () => {
    const { graph, store } = openMemory(SINGLE);

    await store(1, 'Harbor uses Redis.');
    await store(3, 'Harbor uses Valkey.');

    const rows = await graph.read<{ use: string }>(
      'MATCH (k:_Meta) WHERE k.use IS NOT NULL RETURN k.use AS use ORDER BY k.committed_at',
    );
    const uses = rows.map(({ use }) => JSON.parse(use) as TokenUse[]);
    expect(uses.map((use) => use.map(({ purpose }) => purpose))).toEqual([
      ['extract', 'embed'],
      ['extract', 'embed', 'resolve'],
    ]);
    expect(uses.flat().every(({ promptTokens }) => promptTokens > 0)).toBe(true);
  });
});

test('any order and batching of episodes gives the same facts (random stories)', { timeout: 120_000 }, async () => {
  const random = randomNumbers(7);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  for (let round = 0; round < 8; round += 1) {
    const days = Array.from({ length: 12 }, (_, index) => index + 1);
    const story = days.map((day) => {
      const target = pick(['Redis', 'Valkey', 'Dragonfly']);
      const verb = pick(['uses', 'uses', 'uses', 'not uses', 'has']);
      return { day, content: `Harbor ${verb} ${target}.`, uuid: randomUUID() };
    });
    const inOrder = await told(story.map((it) => [it]));
    for (let shuffle = 0; shuffle < 3; shuffle += 1) {
      const mixed = [...story].sort(() => random() - 0.5);
      const batches = mixed.length % 2 === shuffle % 2 ? pairs(mixed) : mixed.map((it) => [it]);
      expect({ story, facts: await told(batches) }).toEqual({ story, facts: inOrder });
    }
  }

  async function told(batches: { day: number; content: string; uuid: string }[][]): Promise<string[]> {
    const { store, facts } = openMemory(SINGLE);
    for (const batch of batches)
      await Promise.all(batch.map(({ day, content, uuid }) => store(day, content, { uuid })));
    return facts();
  }
});

function pairs<T>(list: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(list.length / 2) }, (_, index) => list.slice(index * 2, index * 2 + 2));
}
