import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { newEpisode } from '../../../src/episode.ts';
import { openIngest } from '../../../src/ingest/ingest.ts';
import type { Extraction } from '../../../src/models/language-model.ts';
import { readDefinition } from '../../../src/ontology/read-definition.ts';
import { anEpisode, openTestForgetting } from '../../support/forgetting.ts';
import { plainEmbedder, plainModel } from '../../support/models.ts';
import { day } from '../../support/scripted-memory.ts';
import { useStoreConnections } from '../../support/store-connections.ts';
import { newGroup, useStores } from '../../support/stores.ts';

const stores = useStores();
const opened = useStoreConnections(stores);

const text = { type: 'string' };
const attributes = { type: 'object', properties: { role: text, desk: text } };
const OWN_TYPES = {
  entityTypes: { Person: { attributes }, Team: { attributes } },
  factTypes: { WORKS_AT: { attributes } },
};
type Tells = Partial<{ type: string; of: Record<string, string>; ofFact: Record<string, string> }>;

/** A memory in which every episode says that Ann works at Acme, and what it tells of her and of that. */
async function openMemory() {
  const group = newGroup();
  const { graphs, valkey, leases } = opened;
  const embedder = plainEmbedder();
  const extract = async ({ content }: { content: string }): Promise<Extraction> => {
    const { type = 'Entity', of = {}, ofFact = {} } = JSON.parse(content) as Tells;
    const fact = { source: 'Ann', target: 'Acme', relation: 'WORKS_AT', fact: 'Ann works at Acme' };
    return {
      entities: [
        { name: 'Ann', type, attributes: of },
        { name: 'Acme', type: 'Entity' },
      ],
      facts: [{ ...fact, attributes: ofFact, validAt: null, invalidAt: null }],
      ended: [],
    };
  };
  const ontology = await readDefinition(OWN_TYPES, 'the test');
  const ingest = openIngest(graphs, valkey, leases, { model: { ...plainModel(), extract }, embedder, ontology });
  const forgetting = openTestForgetting(stores.config, opened, embedder);
  const graph = graphs.group(group);
  return {
    async tell(on: number, tells: Tells): Promise<string> {
      const uuid = randomUUID();
      await ingest(newEpisode(JSON.stringify(tells), null, group, 1000, { uuid, referenceTime: day(on) }));
      return uuid;
    },
    forget: (uuid: string) => forgetting.forget(group, anEpisode(uuid)),
    ann: async () => {
      const [row] = await graph.read(
        `MATCH (n:Entity {name: 'Ann'})
         RETURN [it IN labels(n) WHERE it <> 'Entity'] AS types, n.labels AS labels, n.role AS role, n.desk AS desk`,
      );
      return row;
    },
    fact: async () => {
      const [row] = await graph.read('MATCH ()-[e:RELATES_TO]->() RETURN e.role AS role, e.desk AS desk');
      return row;
    },
  };
}

test('a type that only a forgotten episode stated is removed with the attributes of that type', async () => {
  const { tell, forget, ann } = await openMemory();
  await tell(1, {});
  const first = await tell(2, { type: 'Person', of: { role: 'engineer' } });
  expect(await ann()).toEqual({ types: ['Person'], labels: ['Entity', 'Person'], role: 'engineer', desk: null });

  await forget(first);

  expect(await ann()).toEqual({ types: [], labels: ['Entity'], role: null, desk: null });
});

test('a type that other episodes state stays, and each attribute gets the latest remaining value', async () => {
  const { tell, forget, ann } = await openMemory();
  await tell(1, { type: 'Person', of: { role: 'engineer', desk: 'A1' } });
  const second = await tell(2, { type: 'Person', of: { role: 'manager' } });
  expect(await ann()).toMatchObject({ role: 'manager', desk: 'A1' });

  await forget(second);

  expect(await ann()).toEqual({ types: ['Person'], labels: ['Entity', 'Person'], role: 'engineer', desk: 'A1' });
});

test('a type that another episode stated takes the place of the forgotten one', async () => {
  const { tell, forget, ann } = await openMemory();
  const first = await tell(1, { type: 'Person', of: { role: 'engineer' } });
  await tell(2, { type: 'Team', of: { desk: 'B2' } });
  expect(await ann()).toMatchObject({ types: ['Person'] });

  await forget(first);

  expect(await ann()).toEqual({ types: ['Team'], labels: ['Entity', 'Team'], role: null, desk: 'B2' });
});

test('fact attributes that only a forgotten episode stated are removed from the fact', async () => {
  const { tell, forget, fact } = await openMemory();
  await tell(1, { ofFact: { role: 'engineer' } });
  const second = await tell(2, { ofFact: { role: 'manager', desk: 'C3' } });
  expect(await fact()).toEqual({ role: 'manager', desk: 'C3' });

  await forget(second);

  expect(await fact()).toEqual({ role: 'engineer', desk: null });
});
