import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newEpisode } from '../../../src/episode.ts';
import { type Graphs, openGraphs } from '../../../src/graph/graphs.ts';
import { openIngest } from '../../../src/ingest/ingest.ts';
import type { Extraction } from '../../../src/models/language-model.ts';
import { readDefinition } from '../../../src/ontology/read-definition.ts';
import { retryingConnection } from '../../../src/valkey/connections.ts';
import { type Leases, openLeases } from '../../../src/valkey/lease.ts';
import { plainEmbedder, plainModel } from '../../support/models.ts';
import { day } from '../../support/scripted-memory.ts';
import { newGroup, useStores } from '../../support/stores.ts';

const stores = useStores();
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

const text = { type: 'string' };
const OWN_TYPES = {
  factTypes: { WORKS_AT: { attributes: { type: 'object', properties: { role: text, desk: text } } } },
};
const ENTITIES = ['Ann', 'Acme'].map((name) => ({ name, type: 'Entity' }));

/** What an episode says of Ann's work. */
function works(attributes: Record<string, string>, from?: number, to?: number): Extraction {
  const [validAt, invalidAt] = [from, to].map((it) => (it === undefined ? null : day(it)));
  const ends = { source: 'Ann', target: 'Acme', relation: 'WORKS_AT', fact: 'Ann works at Acme' };
  return {
    entities: ENTITIES,
    facts: [{ ...ends, attributes, validAt: validAt ?? null, invalidAt: invalidAt ?? null }],
    ended: [],
  };
}

/** The attributes of each fact, the earliest first, after episodes of these days came in this order. */
async function told(episodes: readonly (readonly [on: number, Extraction])[]) {
  const group = newGroup();
  const ontology = await readDefinition(OWN_TYPES, 'the test');
  const extract = async ({ content }: { content: string }) => episodes[Number(content)]?.[1] as Extraction;
  const ingest = openIngest(graphs, valkey, leases, {
    model: { ...plainModel(), extract },
    embedder: plainEmbedder(),
    ontology,
  });
  for (const [place, [on]] of episodes.entries())
    await ingest(newEpisode(String(place), null, group, 1000, { uuid: randomUUID(), referenceTime: day(on) }));
  return graphs
    .group(group)
    .read('MATCH ()-[e:RELATES_TO]->() RETURN e.role AS role, e.desk AS desk ORDER BY e.valid_at');
}

test('attributes of a fact that holds again do not affect its earlier interval', async () => {
  const engineer = works({ role: 'engineer', desk: 'A1' }, 1, 3);
  const manager = works({ role: 'manager' }, 7);
  const expected = [
    { role: 'engineer', desk: 'A1' },
    { role: 'manager', desk: null },
  ];

  expect(
    await told([
      [2, engineer],
      [8, manager],
    ]),
  ).toEqual(expected);
  expect(
    await told([
      [8, manager],
      [2, engineer],
    ]),
  ).toEqual(expected);
});

test('the value of the later episode wins in either order', async () => {
  expect(
    await told([
      [8, works({ role: 'manager' })],
      [1, works({ role: 'engineer', desk: 'A1' })],
    ]),
  ).toEqual([{ role: 'manager', desk: 'A1' }]);
});

test('each interval of a fact that is split in two keeps its own attributes', async () => {
  expect(
    await told([
      [1, works({ role: 'engineer' })],
      [8, works({ role: 'manager', desk: 'B2' })],
      [4, { entities: ENTITIES, facts: [], ended: [{ source: 'Ann', target: 'Acme', at: day(4) }] }],
    ]),
  ).toEqual([
    { role: 'engineer', desk: null },
    { role: 'manager', desk: 'B2' },
  ]);
});
