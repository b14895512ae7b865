import { expect, test } from 'vitest';
import { newEpisode } from '../../../src/episode.ts';
import { openIngest } from '../../../src/ingest/ingest.ts';
import type { Extraction } from '../../../src/models/language-model.ts';
import type { MemoryDefinition } from '../../../src/ontology/define.ts';
import { readDefinition } from '../../../src/ontology/read-definition.ts';
import { checklist } from '../../support/graphiti/checklist.ts';
import { readAsPython } from '../../support/graphiti/reader.ts';
import { scriptedModel } from '../../support/graphiti/scripted-model.ts';
import { toyEmbedder } from '../../support/graphiti/toy-embedder.ts';
import { wholeGraph } from '../../support/graphiti/whole-graph.ts';
import { useStoreConnections } from '../../support/store-connections.ts';
import { newGroup, useStores } from '../../support/stores.ts';

const stores = useStores();
const opened = useStoreConnections(stores);

const OWN_TYPES: MemoryDefinition = {
  entityTypes: {
    Person: {
      attributes: {
        type: 'object',
        properties: { role: { type: 'string' }, tags: { type: 'array', items: { type: 'string' } } },
      },
    },
  },
  factTypes: {
    WORKS_ON: {
      ends: [['Person', 'Entity']],
      attributes: { type: 'object', properties: { since: { type: 'integer' } } },
    },
  },
};

/** What a model may answer: also attributes that no type has, some under Graphiti's own names. */
const FOUND: Extraction = {
  ended: [],
  entities: [
    {
      name: 'Mira',
      type: 'Person',
      attributes: { role: 'lead', tags: ['a', 'b'], uuid: 'x' },
    },
    { name: 'Harbor', type: 'Project', attributes: { role: 'none' } },
  ],
  facts: [
    {
      ...{ source: 'Mira', target: 'Harbor', relation: 'WORKS_ON', fact: 'Mira works on Harbor' },
      ...{ validAt: null, invalidAt: null, attributes: { since: 2024, fact: 'other', episodes: ['x'] } },
    },
  ],
};

test('a graph gives Python the attributes of custom types and nothing else', async () => {
  const ontology = await readDefinition(OWN_TYPES, 'memory.config.ts');
  const own = opened.graphs.group(newGroup());
  const model = scriptedModel({ 'Mira works on Harbor.': FOUND });
  const ingest = openIngest(opened.graphs, opened.valkey, opened.leases, { model, embedder: toyEmbedder(), ontology });

  await ingest(newEpisode('Mira works on Harbor.', null, own.group, 100));

  expect(await checklist(own, ['role', 'tags', 'since'])).toEqual([]);
  const { entities, facts } = readAsPython(await wholeGraph(own));
  expect(entities.map(({ name, labels, attributes }) => ({ name, labels: [...labels].sort(), attributes }))).toEqual(
    expect.arrayContaining([
      { name: 'Mira', labels: ['Entity', 'Person'], attributes: { role: 'lead', tags: ['a', 'b'] } },
      { name: 'Harbor', labels: ['Entity'], attributes: {} },
    ]),
  );
  expect(facts.map(({ name, attributes }) => ({ name, attributes }))).toEqual([
    { name: 'WORKS_ON', attributes: { since: 2024 } },
  ]);
});
