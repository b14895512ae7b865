import { expect, test } from 'vitest';
import { derivedUuid } from '../../../src/derived-uuid.ts';
import { newEpisode } from '../../../src/episode.ts';
import { findEntitiesByName } from '../../../src/graph/queries/entities.ts';
import { openIngest } from '../../../src/ingest/ingest.ts';
import { plainEmbedder, plainModel } from '../../support/models.ts';
import { useStoreConnections } from '../../support/store-connections.ts';
import { newGroup, useStores } from '../../support/stores.ts';

const opened = useStoreConnections(useStores());

async function openMemory() {
  const { graphs, valkey, leases } = opened;
  const graph = graphs.group(newGroup());
  const embedder = plainEmbedder();
  await graph.prepare(embedder);
  const ingest = openIngest(graphs, valkey, leases, { model: plainModel(), embedder });
  const tell = (text: string) => ingest(newEpisode(text, null, graph.group, 1_000_000, {}));
  const names = async () =>
    (await graph.read<{ name: string }>('MATCH (n:Entity) RETURN n.name AS name ORDER BY name')).map(
      ({ name }) => name,
    );
  return { graph, tell, names };
}

test('one name in several Unicode spellings is one entity, for storing and for queries', async () => {
  const { graph, tell, names } = await openMemory();
  await tell('\u00C9cole uses Redis.');
  await tell('E\u0301cole uses \uFF32\uFF45\uFF44\uFF49\uFF53.');
  await tell('\u00C9co\u00ADle likes Redis.');

  expect(await names()).toEqual(['Redis', '\u00C9cole']);
  const called = await findEntitiesByName(graph, ['e\u0301cole', '\uFF32edis']);
  expect(called.map(({ name }) => name)).toEqual(['Redis', '\u00C9cole']);
});

test('an entity that an earlier release stored in another spelling is found by its name', async () => {
  const { graph, tell, names } = await openMemory();
  const name = 'E\u0301cole';
  await graph.write(
    'CREATE (:Entity {uuid: $uuid, name: $name, group_id: $group, summary: $summary, labels: $labels})',
    {
      uuid: derivedUuid('entity', graph.group, name.toLowerCase()),
      name,
      group: graph.group,
      summary: '',
      labels: ['Entity'],
    },
  );

  await tell('\u00C9cole uses Redis.');

  expect(await names()).toEqual([name, 'Redis']);
});
