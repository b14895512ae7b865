import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { newEpisode } from '../../../src/episode.ts';
import { MemoryManager } from '../../../src/index.ts';
import { openIngest } from '../../../src/ingest/ingest.ts';
import { GRAPHITI_INDEXES } from '../../support/graphiti/load-golden.ts';
import { readAsPython } from '../../support/graphiti/reader.ts';
import { scriptedModel } from '../../support/graphiti/scripted-model.ts';
import { toyEmbedder, toyVector } from '../../support/graphiti/toy-embedder.ts';
import { wholeGraph } from '../../support/graphiti/whole-graph.ts';
import { useStoreConnections } from '../../support/store-connections.ts';
import { newGroup, useStores } from '../../support/stores.ts';

// What graphiti_core leaves in graphs that it saved by other ways than its bulk form, or whose episodes it removed.

const stores = useStores();
const opened = useStoreConnections(stores);

const [HARBOR, REDIS, EPISODE, FACT] = [1, 2, 3, 4].map((n) => `00000000-0000-4000-8000-00000000000${n}`);
const GONE = '00000000-0000-4000-8000-000000000009';

interface Odd {
  /** `labels(n)` beside `Entity`. */
  readonly label?: string;
  /** Assignments to the fact `e`, the entity `n` or the episode `p`. */
  readonly set?: string;
  readonly more?: string;
}

async function oddGraph({ label = '', set, more = '' }: Odd) {
  const graph = opened.graphs.group(newGroup());
  for (const statement of GRAPHITI_INDEXES) await graph.write(statement);
  await graph.write(
    `CREATE (p:Episodic {uuid: $episode, name: 'chat', group_id: $group, source: 'text', source_description: '', content: 'Harbor uses Redis',
               entity_edges: [$fact], created_at: '2025-01-02T00:00:00.123456+00:00', valid_at: '2025-01-01T00:00:00+00:00'}),
            (n:Entity${label} {uuid: $harbor, name: 'Harbor', group_id: $group, summary: 'Harbor uses Redis',
               created_at: '2025-01-02T00:00:00+00:00', name_embedding: vecf32($harborVector)}),
            (m:Entity {uuid: $redis, name: 'Redis', group_id: $group, summary: '', labels: ['Entity'],
               created_at: '2025-01-02T00:00:00+00:00', name_embedding: vecf32($redisVector)}),
            (p)-[:MENTIONS {uuid: 'm1', group_id: $group, created_at: '2025-01-02T00:00:00+00:00'}]->(n),
            (n)-[e:RELATES_TO {uuid: $fact, name: 'USES', fact: 'Harbor uses Redis', group_id: $group, episodes: [$episode],
               source_node_uuid: $harbor, target_node_uuid: $redis, created_at: '2025-01-02T00:00:00+00:00',
               valid_at: '2025-01-01T00:00:00+00:00', fact_embedding: vecf32($factVector)}]->(m)
     ${set ? `SET ${set}` : ''}`,
    {
      ...{ group: graph.group, harbor: HARBOR ?? '', redis: REDIS ?? '', episode: EPISODE ?? '', fact: FACT ?? '' },
      harborVector: toyVector('Harbor'),
      redisVector: toyVector('Redis'),
      factVector: toyVector('Harbor uses Redis'),
    },
  );
  if (more) await graph.write(more, { group: graph.group });
  return graph;
}

describe('we read and write a graph that Python left with', () => {
  test.each<[string, Odd]>([
    ['nothing odd', {}],
    ['group labels of old versions', { label: ':Entity_test' }],
    [
      'a fact that was saved by itself',
      { set: `e.source_node_uuid = NULL, e.target_node_uuid = NULL, e.source_uuid = $harbor` },
    ],
    ['a fact without a time', { set: 'e.valid_at = NULL, e.reference_time = NULL' }],
    ['a fact without episodes', { set: 'e.episodes = []' }],
    ['a fact without a list of episodes', { set: 'e.episodes = NULL' }],
    ['a fact whose first episode was deleted', { set: `e.episodes = ['${GONE}', $episode]` }],
    ['a fact that lists an episode twice', { set: 'e.episodes = [$episode, $episode]' }],
    ['a fact without a vector', { set: 'e.fact_embedding = NULL' }],
    ['an entity without a vector', { set: 'm.name_embedding = NULL' }],
    ['an entity without a summary', { set: 'n.summary = NULL' }],
    ['an episode without its list of facts', { set: 'p.entity_edges = NULL' }],
    [
      'times in another zone',
      { set: `e.valid_at = '2025-01-01T02:00:00+02:00', p.valid_at = '2025-01-01T02:00:00+02:00'` },
    ],
    ['times without a zone', { set: `e.valid_at = '2025-01-01T00:00:00', e.created_at = '2025-01-02T00:00:00'` }],
    ['an end without the time it was learned', { set: `e.invalid_at = '2030-01-01T00:00:00+00:00'` }],
    [
      'a duplicate mention',
      {
        more: `MATCH (p:Episodic), (n:Entity {name: 'Harbor'}) CREATE (p)-[:MENTIONS {uuid: 'm2', group_id: $group, created_at: '2025-01-02T00:00:00+00:00'}]->(n)`,
      },
    ],
    [
      'two entities with the same name',
      {
        more: `MATCH (n:Entity {name: 'Redis'}) CREATE (:Entity {uuid: 'twin', name: 'redis', group_id: $group, summary: '', created_at: n.created_at, name_embedding: n.name_embedding})`,
      },
    ],
  ])('%s', async (_, odd) => {
    const graph = await oddGraph(odd);
    const memory = new MemoryManager({ ...stores.config, group: graph.group }, { embedder: toyEmbedder() });
    const texts = async () => (await memory.search('Harbor Redis', 10, { cache: false })).facts.map(({ fact }) => fact);
    // Of two that are called alike it takes the first it is shown.
    const model = scriptedModel(
      {
        news: {
          entities: ['Harbor', 'Valkey', 'Redis'].map((name) => ({ name, type: 'Entity' })),
          facts: ['Valkey', 'Redis'].map((target) => ({
            ...{ source: 'Harbor', target, relation: 'USES', fact: `Harbor uses ${target}` },
            ...{ validAt: null, invalidAt: null },
          })),
        },
      },
      { isSame: () => true },
    );

    expect(await texts()).toContain('Harbor uses Redis');
    expect((await memory.getEntities()).map(({ name }) => name)).toEqual(expect.arrayContaining(['Harbor', 'Redis']));
    expect((await memory.getHistory('Harbor')).facts.map(({ fact }) => fact)).toEqual(['Harbor uses Redis']);
    const ingest = openIngest(opened.graphs, opened.valkey, opened.leases, { model, embedder: toyEmbedder() });
    const options = { uuid: randomUUID(), referenceTime: new Date('2025-03-01T00:00:00Z') };
    await ingest(newEpisode('news', null, graph.group, 100, options));

    expect((await texts()).sort()).toEqual(['Harbor uses Redis', 'Harbor uses Valkey']);
    await memory.close();
    const { facts } = readAsPython(await wholeGraph(await mended(graph)));
    const said = facts.filter(({ fact }) => fact === 'Harbor uses Redis');
    expect(said).toHaveLength(1);
    expect(said[0]?.episodes).toContain(options.uuid);
    expect(said[0]?.uuid).toBe(FACT);
  });
});

/** Without what Python itself could not read before. */
async function mended(graph: Parameters<typeof wholeGraph>[0]) {
  await graph.write(`MATCH (x:Entity) WHERE x.summary IS NULL SET x.summary = ''`);
  await graph.write('MATCH (p:Episodic) WHERE p.entity_edges IS NULL SET p.entity_edges = []');
  return graph;
}
