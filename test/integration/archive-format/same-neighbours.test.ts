import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exportGraph } from '../../../src/archive/export.ts';
import { readManifest } from '../../../src/archive/manifest.ts';
import { loadIntoScratch } from '../../../src/archive/restore.ts';
import { folderStore } from '../../../src/archive/stores/folder.ts';
import type { GroupGraph } from '../../../src/graph/group-graph.ts';
import { needsRebuildAtNight, renewIndexes } from '../../../src/graph/renew-indexes.ts';
import { random } from '../../support/random.ts';
import { useStoreConnections } from '../../support/store-connections.ts';
import { newGroup, useStores } from '../../support/stores.ts';

const opened = useStoreConnections(useStores());
const [ENTITIES, FACTS, DIMENSION] = [300, 2000, 32];
const NEAREST = 40;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'archive-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const next = random(11);
const vector = () => Array.from({ length: DIMENSION }, () => next() * 2 - 1);

/** Facts between entities of two types: many of one entity, several between the same two, all of them changed since. */
async function worn(): Promise<GroupGraph> {
  const graph = opened.graphs.group(newGroup());
  await graph.prepare({ model: 'none', dimension: DIMENSION, embed: async () => [], close: async () => {} });
  const place = (share: number) => Math.floor(share * ENTITIES);
  for (const [label, odd] of [
    ['Entity', 0],
    ['Entity:Person', 1],
  ])
    await graph.write(
      `UNWIND range(0, ${ENTITIES - 1}) AS i WITH i WHERE i % 2 = ${odd} CREATE (:${label} {uuid: 'n' + i})`,
    );
  const facts = Array.from({ length: FACTS }, (_, index) => {
    return { uuid: `e${index}`, source: `n${place(next() ** 3)}`, target: `n${place(next() ** 2)}`, vector: vector() };
  });
  await graph.write(
    `UNWIND $facts AS f MATCH (a:Entity {uuid: f.source}) WITH a, f MATCH (b:Entity {uuid: f.target})
     CREATE (a)-[:RELATES_TO {uuid: f.uuid, group_id: '${graph.group}', fact_embedding: vecf32(f.vector)}]->(b)`,
    { facts },
  );
  for (const name of ['A', 'B']) await graph.write('MATCH ()-[e:RELATES_TO]->() SET e.name = $name', { name });
  return graph;
}

async function nearest(graph: GroupGraph, wanted: readonly number[]): Promise<string[]> {
  const rows = await graph.read<{ uuid: string }>(
    `CALL db.idx.vector.queryRelationships('RELATES_TO', 'fact_embedding', ${NEAREST}, vecf32($wanted)) YIELD relationship AS e, score
     RETURN e.uuid AS uuid ORDER BY score, uuid`,
    { wanted },
  );
  return rows.map(({ uuid }) => uuid);
}

test('a restored graph finds the same nearest neighbours as the original with renewed indexes', async () => {
  const graph = await worn();
  const store = folderStore(folder);
  const { manifest } = await exportGraph(graph, store, () => {});

  await renewIndexes(graph, opened.leases, needsRebuildAtNight);
  const { scratch } = await loadIntoScratch(
    opened.graphs,
    store,
    await readManifest(store, manifest),
    newGroup(),
    'whole',
  );

  for (let asked = 0; asked < 50; asked += 1) {
    const wanted = vector();
    const found = await nearest(graph, wanted);
    expect(found).toHaveLength(NEAREST);
    expect(await nearest(scratch.graph, wanted)).toEqual(found);
  }
  await scratch.drop();
});
