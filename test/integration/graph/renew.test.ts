import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { GroupGraph } from '../../../src/graph/group-graph.ts';
import { readIndexes, readVectorIndexStats } from '../../../src/graph/queries/meta-nodes.ts';
import { needsRebuildAtNight, needsRebuildByDay, renewIndexes } from '../../../src/graph/renew-indexes.ts';
import { countingMetrics } from '../../../src/telemetry/metrics.ts';
import type { Leases } from '../../../src/valkey/lease.ts';
import { startIndexRenewal } from '../../../workers/index-renewal.ts';
import { useStoreConnections } from '../../support/store-connections.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

const opened = useStoreConnections(useStores());
const FACTS = 100;
const DIMENSION = 4;
const embedder = { model: 'none', dimension: DIMENSION, embed: async () => [], close: async () => {} };

let graph: GroupGraph;
beforeEach(async () => {
  graph = opened.graphs.group(newGroup());
  await graph.prepare(embedder);
  await graph.write(
    `UNWIND range(1, ${FACTS}) AS i
     CREATE (:Entity {uuid: 'a' + i, name_embedding: vecf32([1, i, 0, 0])})-[:RELATES_TO {uuid: 'e' + i, fact_embedding: vecf32([1, i, 0, 0])}]->(:Entity {uuid: 'b' + i})`,
  );
});
afterEach(() => graph.write('MATCH (n) DETACH DELETE n'));

const changeFacts = async (times: number) => {
  for (let done = 0; done < times; done += 1)
    await graph.write('MATCH ()-[e:RELATES_TO]->() SET e.name = $name', { name: `n${done}` });
};
const ghostsOf = async (wanted: string) =>
  (await readVectorIndexStats(graph)).find(({ label }) => label === wanted) ?? { entries: 0, ghosts: -1 };
const foundOf = async (count: number) =>
  (
    await graph.read(
      `CALL db.idx.vector.queryRelationships('RELATES_TO', 'fact_embedding', ${count}, vecf32([1, 1, 0, 0])) YIELD relationship AS e RETURN e.uuid`,
    )
  ).length;
const renewed = () => until('the new index', async () => (await ghostsOf('RELATES_TO')).ghosts === 0);

describe('a vector index', () => {
  test('counts the old entries that changes and deletions leave behind', async () => {
    expect(await ghostsOf('RELATES_TO')).toMatchObject({ entries: FACTS, ghosts: 0, isOfEdges: true });

    await changeFacts(3);
    await graph.write("MATCH ()-[e:RELATES_TO {uuid: 'e7'}]->() DELETE e");

    expect(await ghostsOf('RELATES_TO')).toMatchObject({ entries: FACTS - 1, ghosts: 3 * FACTS + 1 });
    expect(await ghostsOf('Entity')).toMatchObject({ ghosts: 0, isOfEdges: false });
    expect(await foundOf(20)).toBeLessThan(20);
  });

  test('that is degraded is rebuilt, repeatedly, and then finds everything', async () => {
    for (let round = 0; round < 3; round += 1) {
      await changeFacts(10);
      expect(await foundOf(20)).toBeLessThan(20);

      expect(await renewIndexes(graph, opened.leases, needsRebuildByDay)).toEqual(['RELATES_TO']);

      await renewed();
      expect(await foundOf(20)).toBe(20);
    }
  });

  test('on nodes is renewed like one on edges', async () => {
    await graph.write('MATCH (n:Entity) WHERE n.name_embedding IS NOT NULL SET n.summary = $summary', { summary: 'x' });
    expect((await ghostsOf('Entity')).ghosts).toBeGreaterThan(0);

    await renewIndexes(graph, opened.leases, needsRebuildAtNight);

    expect((await ghostsOf('Entity')).ghosts).toBe(0);
  });

  test('in good condition is left alone', async () => {
    await changeFacts(2);

    expect(await renewIndexes(graph, opened.leases, needsRebuildByDay)).toEqual([]);
    expect((await ghostsOf('RELATES_TO')).ghosts).toBe(2 * FACTS);
  });

  // FalkorDB may not find an existing entity for a commit meanwhile.
  test('is not renewed while a commit holds the lease, and a commit during a renewal waits until it is ready', async () => {
    await changeFacts(10);
    const earlier = await opened.leases.take(graph.group);
    const waits = Promise.withResolvers<void>();
    const take: Leases['take'] = (group) => {
      waits.resolve();
      return opened.leases.take(group);
    };
    const renewal = renewIndexes(graph, { take }, needsRebuildAtNight);
    await waits.promise;

    expect((await ghostsOf('RELATES_TO')).ghosts).toBe(10 * FACTS);
    const later = opened.leases.take(graph.group);
    await earlier.release();
    const lease = await later;

    const statuses = (await readIndexes(graph)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set(['OPERATIONAL']));
    expect((await ghostsOf('RELATES_TO')).ghosts).toBe(0);
    await lease.release();
    expect(await renewal).toEqual(['RELATES_TO']);
  });

  test('is renewed once when two workers check at the same time', async () => {
    await changeFacts(10);

    const renewals = [1, 2].map(() => renewIndexes(graph, opened.leases, needsRebuildAtNight));

    expect((await Promise.all(renewals)).flat()).toEqual(['RELATES_TO']);
    expect((await ghostsOf('RELATES_TO')).ghosts).toBe(0);
  });
});

test('a worker renews the indexes of written graphs, and counts the renewals', async () => {
  await changeFacts(10);
  const metrics = countingMetrics();
  const renewal = startIndexRenewal(opened, metrics, 10);
  try {
    renewal.touched(graph.group);

    await renewed();
    await until('the figure', () => metrics.count('opencode.memory.indexes.renewed') === 1);
  } finally {
    await renewal.end();
  }
});

test('a worker that cannot reach one graph checks the others, and retries that one', async () => {
  await changeFacts(10);
  let refused = 0;
  const group = (name: string) => {
    if (name === graph.group || refused++ > 1) return opened.graphs.group(name);
    throw new Error('away');
  };
  const renewal = startIndexRenewal({ graphs: { group }, leases: opened.leases }, countingMetrics(), 10);
  try {
    renewal.touched(newGroup());
    renewal.touched(graph.group);

    await renewed();
    await until('another look', () => refused > 2);
  } finally {
    await renewal.end();
  }
});

describe('by day an index', () => {
  test.each([
    ['with few old entries is kept', 10, 499, false],
    ['with as many old entries as current ones is renewed', 600, 600, true],
    ['with fewer old entries is kept', 600, 599, false],
    ['of large size waits for the night', 2_001, 20_000, false],
  ])('%s', (_, entries, ghosts, isWorn) => {
    expect(needsRebuildByDay({ entries, ghosts })).toBe(isWorn);
  });
});

describe('by night an index', () => {
  test.each([
    ['with more than one percent of old entries is renewed', 2_000, 21, true],
    ['with fewer old entries is kept', 2_000, 20, false],
    ['that would block FalkorDB for long is kept', 20_001, 100_000, false],
  ])('%s', (_, entries, ghosts, isWorn) => {
    expect(needsRebuildAtNight({ entries, ghosts })).toBe(isWorn);
  });
});
