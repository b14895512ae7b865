import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Graphs, openGraphs } from '../../../src/graph/graphs.ts';
import type { GroupGraph } from '../../../src/graph/group-graph.ts';
import { checklist } from '../../support/graphiti/checklist.ts';
import { newGroup, useStores } from '../../support/stores.ts';

const stores = useStores();
let graphs: Graphs;
beforeAll(() => {
  graphs = openGraphs(stores.config.falkordb);
});
afterAll(() => graphs.close());

const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const DAY = (day: number): string => `'2025-01-${String(day).padStart(2, '0')}T00:00:00+00:00'`;
const common = (n: number): string => `uuid: '${uuid(n)}', group_id: $group, created_at: ${DAY(20)}`;

/** Two episodes of a saga, three entities in a community, a fact that ended and one that holds; nothing is wrong with it. */
const SOUND = `
  CREATE (p:Episodic {${common(1)}, name: 'first', source: 'text', source_description: 'opencode', content: 'Harbor uses Redis.',
            entity_edges: ['${uuid(11)}'], valid_at: ${DAY(1)}}),
         (q:Episodic {${common(2)}, name: 'second', source: 'json', source_description: '', content: '{}',
            entity_edges: ['${uuid(11)}', '${uuid(12)}'], valid_at: ${DAY(2)}}),
         (harbor:Entity:Project {${common(3)}, name: 'Harbor', summary: '', labels: ['Entity', 'Project'],
            name_embedding: vecf32([1, 0]), tags: ['a', 'b'], stars: 3}),
         (redis:Entity {${common(4)}, name: 'Redis', summary: 'x', labels: ['Entity'], name_embedding: vecf32([0, 1])}),
         (valkey:Entity {${common(5)}, name: 'Valkey', summary: 'x', labels: ['Entity'], name_embedding: vecf32([0, 1])}),
         (c:Community {${common(6)}, name: 'Stores', summary: 'All stores.', name_embedding: vecf32([1, 1])}),
         (s:Saga {${common(7)}, name: 'session', summary: '', first_episode_uuid: '${uuid(1)}', last_episode_uuid: '${uuid(2)}'}),
         (m:_Meta {key: 'fence', token: 7}), (k:_Meta {key: 'x', episode: '${uuid(1)}'}), (m)-[:KNOWS]->(harbor), (m)-[:KNOWS]->(k),
         (harbor)-[:RELATES_TO {${common(11)}, source_node_uuid: '${uuid(3)}', target_node_uuid: '${uuid(4)}', name: 'USES',
            fact: 'Harbor uses Redis', fact_embedding: vecf32([1, 1]), episodes: ['${uuid(1)}', '${uuid(2)}'],
            valid_at: ${DAY(1)}, invalid_at: ${DAY(2)}, expired_at: '2025-01-20T00:00:00.120000+00:00', reference_time: ${DAY(1)}}]->(redis),
         (harbor)-[:RELATES_TO {${common(12)}, source_node_uuid: '${uuid(3)}', target_node_uuid: '${uuid(5)}', name: 'USES',
            fact: 'Harbor uses Valkey', fact_embedding: vecf32([1, 0]), episodes: ['${uuid(2)}']}]->(valkey),
         (p)-[:MENTIONS {${common(21)}}]->(harbor), (q)-[:MENTIONS {${common(22)}}]->(harbor),
         (s)-[:HAS_EPISODE {${common(23)}}]->(p), (s)-[:HAS_EPISODE {${common(24)}}]->(q),
         (p)-[:NEXT_EPISODE {${common(25)}}]->(q), (c)-[:HAS_MEMBER {${common(26)}}]->(harbor)`;

const EPISODE = `MATCH (x:Episodic {name: 'first'})`;
const ENTITY = `MATCH (x:Entity {name: 'Harbor'})`;
const FACT = `MATCH (:Entity)-[x:RELATES_TO {fact: 'Harbor uses Redis'}]->(:Entity)`;
const HOLDING = `MATCH (:Entity)-[x:RELATES_TO {fact: 'Harbor uses Valkey'}]->(:Entity)`;
const MENTION = `MATCH (p:Episodic {name: 'first'})-[x:MENTIONS]->(n:Entity)`;

async function graphWith(breaking: string): Promise<GroupGraph> {
  const graph = graphs.group(newGroup());
  await graph.write(SOUND, { group: graph.group });
  if (breaking) await graph.write(breaking, { group: graph.group });
  return graph;
}
const allowed = ['tags', 'stars'];

test('a valid graph, with private nodes and custom attributes, breaks no rule', async () => {
  expect(await checklist(await graphWith(''), allowed)).toEqual([]);
});

describe('the checklist finds', () => {
  test.each<[string, string, RegExp]>([
    ['a node without label', 'CREATE ()', /unknown labels/],
    ['an unknown label', `CREATE (:Note {${common(99)}})`, /Note .*unknown labels/],
    ['an entity type on an episode', `${EPISODE} SET x:Person`, /unknown labels/],
    ['a private label on an entity', `${ENTITY} SET x:_Meta`, /unknown labels/],
    ['an entity that is also an episode', `${ENTITY} SET x:Episodic`, /unknown labels/],
    ['an entity type that Python refuses', `${ENTITY} SET x:\`My-Type\``, /no entity type/],
    [
      'a private node that Python could find by its uuid',
      `MATCH (x:_Meta) SET x.uuid = 'x'`,
      /private node with a uuid/,
    ],
    ['an unknown edge type', `${ENTITY} CREATE (x)-[:LIKES]->(:Saga)`, /LIKES: unknown edge type/],
    [
      'a mention of something other than an entity',
      'MATCH (p:Episodic), (s:Saga) CREATE (p)-[:MENTIONS]->(s)',
      /wrong ends Episodic -> Saga/,
    ],
    ['a fact without an entity at its end', `${ENTITY} MATCH (m:_Meta) CREATE (x)-[:RELATES_TO]->(m)`, /-> _Meta/],
    ['a fact between an entity and itself', `${ENTITY} CREATE (x)-[:RELATES_TO]->(x)`, /joins a node with itself/],

    ['an episode without content', `${EPISODE} SET x.content = NULL`, /no content/],
    ['an episode without name', `${EPISODE} SET x.name = NULL`, /no name/],
    ['an episode without its list of facts', `${EPISODE} SET x.entity_edges = NULL`, /no entity_edges/],
    ['an episode without description', `${EPISODE} SET x.source_description = NULL`, /no source_description/],
    ['an episode without time', `${EPISODE} SET x.valid_at = NULL`, /no valid_at/],
    ['an entity without summary', `${ENTITY} SET x.summary = NULL`, /no summary/],
    ['an entity without vector', `${ENTITY} SET x.name_embedding = NULL`, /no name_embedding/],
    ['an entity without the list of its labels', `${ENTITY} SET x.labels = NULL`, /no labels/],
    ['a fact without text', `${FACT} SET x.fact = NULL`, /no fact/],
    ['a fact without vector', `${FACT} SET x.fact_embedding = NULL`, /no fact_embedding/],
    ['a fact without relation', `${FACT} SET x.name = NULL`, /no name/],
    ['a fact without episodes', `${HOLDING} SET x.episodes = NULL`, /no episodes/],
    ['a fact that graphiti_core saved by itself', `${FACT} SET x.source_node_uuid = NULL`, /no source_node_uuid/],
    ['a mention without time', `${MENTION} SET x.created_at = NULL`, /MENTIONS .*no created_at/],
    ['a community without summary', 'MATCH (x:Community) SET x.summary = NULL', /Community .*no summary/],
    ['a saga without group', 'MATCH (x:Saga) SET x.group_id = NULL', /Saga .*no group_id/],

    ['a number in place of a text', `${ENTITY} SET x.summary = 5`, /summary is a Integer/],
    ['a list in place of a vector', `${ENTITY} SET x.name_embedding = [1.0, 0.0]`, /name_embedding is a List/],
    ['a vector in the list form on a fact', `${FACT} SET x.fact_embedding = [1.0, 0.0]`, /fact_embedding is a List/],
    ['a text in place of a list', `${HOLDING} SET x.episodes = 'x'`, /episodes is a String/],
    ['numbers among uuids', `${HOLDING} SET x.episodes = ['${uuid(2)}', 5]`, /episodes holds other than text/],
    ['a date in a type of its own', `${EPISODE} SET x.valid_at = date('2025-01-01')`, /valid_at is a Date/],

    ['a private property on an episode', `${EPISODE} SET x.metadata = '{}'`, /unknown property metadata/],
    ['a private property on an entity', `${ENTITY} SET x.aliases = ['H']`, /unknown property aliases/],
    ['a private property on a fact', `${FACT} SET x.hash = 'H'`, /unknown property hash/],
    ['a private property on a mention', `${MENTION} SET x.count = 5`, /unknown property count/],
    ['a private property on a community', 'MATCH (x:Community) SET x.hash = 5', /unknown property hash/],
    ['a private property on a saga', 'MATCH (x:Saga) SET x.hash = 5', /unknown property hash/],
    [
      'what graphiti_core leaves when it saves a single fact',
      `${FACT} SET x.source_uuid = 'x'`,
      /property source_uuid/,
    ],
    ['an attribute that is a point', `${ENTITY} SET x.stars = point({latitude: 1, longitude: 2})`, /attribute stars/],
    ['an attribute that is a list of lists', `${ENTITY} SET x.tags = [['a']]`, /attribute tags/],

    ['a source that Python raises on', `${EPISODE} SET x.source = 'markdown'`, /source "markdown"/],
    ['a blank name', `${ENTITY} SET x.name = ' '`, /blank name/],
    ['a blank fact', `${HOLDING} SET x.fact = ''`, /blank fact/],
    ['labels that are not those of the node', `${ENTITY} SET x.labels = ['Entity']`, /property labels is \["Entity"\]/],
    ['a repeated label', `${ENTITY} SET x.labels = ['Entity', 'Project', 'Project']`, /property labels/],
    ['a vector of another embedder', `${ENTITY} SET x.name_embedding = vecf32([1, 0, 0])`, /a vector of 3 not 2/],

    ['an invalid uuid', `MATCH (x:Community) SET x.uuid = 'stores'`, /the uuid "stores"/],
    ['two nodes with one uuid', `MATCH (x:Community) SET x.uuid = '${uuid(7)}'`, /a uuid that is there twice/],
    ['a node and an edge with one uuid', `${MENTION} SET x.uuid = '${uuid(6)}'`, /a uuid that is there twice/],
    ['a node of another group', `${EPISODE} SET x.group_id = 'other'`, /group_id "other"/],
    ['an edge of another group', `${MENTION} SET x.group_id = 'other'`, /MENTIONS .*group_id "other"/],
    ['a fact that names another source', `${FACT} SET x.source_node_uuid = '${uuid(5)}'`, /not the source/],
    ['a fact that names another target', `${FACT} SET x.target_node_uuid = '${uuid(5)}'`, /not the target/],
    ['a duplicate mention', `${MENTION} CREATE (p)-[:MENTIONS {${common(98)}}]->(n)`, /a second time/],

    ['a fact of a deleted episode', `${EPISODE} DETACH DELETE x`, /episodes names .*01, which is not there/],
    ['an episode of a deleted fact', `${FACT} DELETE x`, /entity_edges names .*11, which is not there/],
    ['a fact without a source', `${HOLDING} SET x.episodes = []`, /no episode/],
    ['an episode listed twice', `${HOLDING} SET x.episodes = ['${uuid(2)}', '${uuid(2)}']`, /twice in episodes/],
    ['a fact listed twice', `${EPISODE} SET x.entity_edges = ['${uuid(11)}', '${uuid(11)}']`, /twice in entity_edges/],
    ['an episode that does not list its fact', `${EPISODE} SET x.entity_edges = []`, /does not list it/],
    ['a saga that begins elsewhere', `MATCH (x:Saga) SET x.first_episode_uuid = '${uuid(3)}'`, /first_episode_uuid/],

    ['a date with Z', `${EPISODE} SET x.valid_at = '2025-01-01T00:00:00Z'`, /not as Python writes/],
    ['a date with three digits', `${EPISODE} SET x.valid_at = '2025-01-01T00:00:00.120+00:00'`, /not as Python writes/],
    ['a date with a fraction of 0', `${FACT} SET x.expired_at = '2025-01-20T00:00:00.000000+00:00'`, /not as Python/],
    [
      'a date in another time zone',
      `${EPISODE} SET x.created_at = '2025-01-01T00:00:00+02:00'`,
      /not as Python writes/,
    ],
    ['a date without a time zone', `${MENTION} SET x.created_at = '2025-01-01T00:00:00'`, /not as Python writes/],
    ['a day that does not exist', `${FACT} SET x.reference_time = '2025-02-30T00:00:00+00:00'`, /not as Python/],
    ['a bad date on a saga', `MATCH (x:Saga) SET x.last_summarized_at = 'now'`, /last_summarized_at "now"/],
    ['a fact that ends as it begins', `${FACT} SET x.invalid_at = x.valid_at`, /ends when or before/],
    ['a fact that ends before it begins', `${FACT} SET x.valid_at = ${DAY(3)}`, /ends when or before/],
    ['an end without the time it was learned', `${FACT} SET x.expired_at = NULL`, /only one of/],
    ['an expired fact without an end', `${FACT} SET x.invalid_at = NULL`, /only one of/],
    ['a chain that runs back', `${EPISODE} SET x.valid_at = ${DAY(9)}`, /leads to an earlier episode/],
  ])('%s', async (_, breaking, violation) => {
    const found = await checklist(await graphWith(breaking), allowed);

    expect(found).toEqual(expect.arrayContaining([expect.stringMatching(violation)]));
  });

  test('undeclared attributes', async () => {
    const found = await checklist(await graphWith(''));

    expect(found).toEqual([
      expect.stringMatching(/Harbor.*unknown property/),
      expect.stringMatching(/Harbor.*unknown property/),
    ]);
  });
});
