import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Graphs, openGraphs } from '../../../src/graph/graphs.ts';
import { MemoryManager } from '../../../src/index.ts';
import { checklist } from '../../support/graphiti/checklist.ts';
import {
  goldenAsOf,
  goldenGraph,
  goldenNote,
  goldenSearches,
  hasGoldenGraph,
  type Properties,
} from '../../support/graphiti/golden.ts';
import { loadGolden } from '../../support/graphiti/load-golden.ts';
import { toyEmbedder } from '../../support/graphiti/toy-embedder.ts';
import { newGroup, useStores } from '../../support/stores.ts';

/** The attribute that the golden team gave to people. */
const ATTRIBUTES = ['role'];

const golden = describe.skipIf(!hasGoldenGraph);

golden(`a graph that graphiti_core wrote${goldenNote}`, () => {
  const stores = useStores();
  const group = newGroup();
  let graphs: Graphs;
  let memory: MemoryManager;

  beforeAll(async () => {
    graphs = openGraphs(stores.config.falkordb);
    memory = new MemoryManager({ ...stores.config, group }, { embedder: toyEmbedder() });
    await loadGolden(graphs.group(group));
  });
  afterAll(async () => {
    await memory.close();
    await graphs.close();
  });

  test('passes the checklist as Python left it', async () => {
    expect(await checklist(graphs.group(group), ATTRIBUTES)).toEqual([]);
  });

  test('returns all its entities, each with its type and the current part of its summary', async () => {
    const expected = goldenGraph()
      .nodes.filter(({ labels }) => labels.includes('Entity'))
      .map(({ labels, properties: { uuid, name, summary } }) => ({
        ...{ uuid, name, summary: currentLines(String(uuid), String(summary)) },
        type: labels.find((label) => label !== 'Entity') ?? 'Entity',
      }));

    const entities = await memory.getEntities();

    const known = entities.map(({ uuid, name, summary, type }) => ({ uuid, name, summary, type }));
    expect(known.sort(byUuid)).toEqual(expected.sort(byUuid));
  });

  describe.each(hasGoldenGraph ? goldenSearches() : [])('for the query "$query"', ({ query, facts, entities }) => {
    test('finds every current fact that Graphiti found', async () => {
      const found = await memory.search(query, 100, { find: 'facts' });

      expect(found.facts.map(({ fact }) => fact)).toEqual(
        expect.arrayContaining(facts.filter(({ uuid }) => holds(uuid, new Date())).map(({ fact }) => fact)),
      );
    });

    test('ranks the best of them before all other facts', async () => {
      const holding = facts.filter(({ uuid }) => holds(uuid, new Date()));
      const best = holding.filter(({ score }) => score === holding[0]?.score).map(({ fact }) => fact);

      const found = await memory.search(query, 10, { find: 'facts' });

      expect(
        found.facts
          .slice(0, best.length)
          .map(({ fact }) => fact)
          .sort(),
      ).toEqual(best.sort());
    });

    test('finds every entity that Graphiti found, the best of them first', async () => {
      const found = (await memory.search(query, 100, { find: 'entities' })).entities ?? [];

      expect(found.map(({ uuid }) => uuid)).toEqual(expect.arrayContaining(entities.map(({ uuid }) => uuid)));
      const best = entities.filter(({ score }) => score === 2);
      if (best.length > 0) expect(found[0]?.name).toBe(best[0]?.name);
    });

    test('leaves out ended facts, and finds them as of a time when they held', async () => {
      const now = (await memory.search(query, 100, { find: 'facts' })).facts.map(({ uuid }) => uuid);
      for (const { uuid } of facts.filter((fact) => !holds(fact.uuid, new Date()))) {
        const then = await memory.search(query, 100, { find: 'facts', asOf: new Date(String(factOf(uuid).valid_at)) });

        expect(now).not.toContain(uuid);
        expect(then.facts.map((fact) => fact.uuid)).toContain(uuid);
      }
    });
  });

  test.each(hasGoldenGraph ? Object.entries(goldenAsOf()) : [])(
    'as of %s returns exactly the facts that held',
    async (time, held) => {
      // Every fact has to do with one of the two projects.
      const found = await memory.search('Harbor Lighthouse', 100, { find: 'facts', asOf: new Date(time) });

      // Two facts may say the same sentence.
      const sentences = new Set(found.facts.map(({ fact }) => fact));
      expect([...sentences].sort()).toEqual([...new Set(held)].sort());
    },
  );
});

golden(`the two times of a graph that graphiti_core wrote${goldenNote}`, () => {
  const stores = useStores();
  const group = newGroup();
  let memory: MemoryManager;
  beforeAll(async () => {
    const graphs = openGraphs(stores.config.falkordb);
    await loadGolden(graphs.group(group));
    await graphs.close();
    memory = new MemoryManager({ ...stores.config, group }, { embedder: toyEmbedder() });
  });
  afterAll(() => memory.close());

  test('are kept apart: a query of what was known before a change does not show the change', async () => {
    const summer = new Date('2025-08-01T00:00:00Z');
    // Between the episodes about Redis and about Valkey, which Python took in one after the other.
    const before = new Date('2026-11-22T07:47:21.500Z');

    const now = await memory.search('sessions of Harbor', 100, { find: 'facts', asOf: summer });
    const then = await memory.search('sessions of Harbor', 100, { find: 'facts', asOf: summer, knownAt: before });

    expect(now.facts.map(({ fact }) => fact)).toContain('Harbor keeps its sessions in Valkey 8');
    expect(now.facts.map(({ fact }) => fact)).not.toContain('Harbor keeps its sessions in Redis 7');
    expect(then.facts.map(({ fact }) => fact)).toContain('Harbor keeps its sessions in Redis 7');
    expect(then.facts.map(({ fact }) => fact)).not.toContain('Harbor keeps its sessions in Valkey 8');
  });

  test('are shown with every fact of an entity, ended or not', async () => {
    const { entities, facts } = await memory.getHistory('tomás vidal');

    expect(entities.map(({ name, type }) => `${name}: ${type}`)).toEqual(['Tomás Vidal: Person']);
    expect(facts).toMatchObject([
      { fact: 'Tomás Vidal works on Harbor', validAt: new Date('2025-01-09'), invalidAt: null, expiredAt: null },
    ]);
    expect((await memory.getHistory('Harbor')).facts).toHaveLength(13);
  });

  test('are shown next to the episodes that state a fact', async () => {
    const { facts } = await memory.search('where do the backups go', 10, { find: 'facts' });

    expect(facts[0]?.sources?.map(({ name }) => name)).toEqual(['episode_03', 'episode_11']);
  });
});

const byUuid = (a: { uuid: unknown }, b: { uuid: unknown }) => (String(a.uuid) < String(b.uuid) ? -1 : 1);

/** Graphiti's summary without repeated lines and without the facts of the entity that have ended. */
function currentLines(entity: string, summary: string): string {
  const facts = goldenGraph()
    .edges.filter(({ type, source, target }) => type === 'RELATES_TO' && [source, target].includes(entity))
    .map(({ properties: { uuid, fact } }) => ({ fact, isCurrent: holds(String(uuid), new Date()) }));
  const hasEnded = (line: string) =>
    facts.some(({ fact }) => fact === line) && !facts.some(({ fact, isCurrent }) => fact === line && isCurrent);
  return [...new Set(summary.split('\n').filter((line) => !hasEnded(line)))].join('\n');
}

function factOf(uuid: string): Properties {
  return goldenGraph().edges.find(({ properties }) => properties.uuid === uuid)?.properties ?? {};
}

function holds(uuid: string, at: Date): boolean {
  const { valid_at, invalid_at } = factOf(uuid);
  const time = (value: unknown, open: number) => (value === undefined ? open : Date.parse(String(value)));
  return (
    time(valid_at, Number.NEGATIVE_INFINITY) <= at.getTime() &&
    at.getTime() < time(invalid_at, Number.POSITIVE_INFINITY)
  );
}
