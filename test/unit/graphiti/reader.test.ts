import { describe, expect, test } from 'vitest';
import { PythonError, readAsPython } from '../../support/graphiti/reader.ts';
import type { StoredEdge, StoredNode, WholeGraph } from '../../support/graphiti/whole-graph.ts';

const TIME = '2025-01-01T00:00:00+00:00';
const common = { uuid: 'u', name: 'Harbor', group_id: 'g', created_at: TIME };
const node = (labels: string[], properties: object): StoredNode => ({
  labels,
  properties: { ...common, ...properties },
  types: {},
});
const entity = (properties = {}, labels = ['Entity', 'Project']) => node(labels, { summary: '', ...properties });
const episode = (properties = {}) =>
  node(['Episodic'], {
    ...{ source: 'text', source_description: '', content: '', entity_edges: [], valid_at: TIME },
    ...properties,
  });
const fact = (properties = {}): StoredEdge => ({
  type: 'RELATES_TO',
  source: { uuid: 'a', labels: ['Entity'] },
  target: { uuid: 'b', labels: ['Entity'] },
  properties: { ...common, fact: 'Harbor uses Redis', episodes: ['p'], ...properties },
  types: {},
});
const graph = (nodes: StoredNode[], edges: StoredEdge[] = []): WholeGraph => ({ group: 'g', nodes, edges });

describe('Python', () => {
  test('sees the additional properties of an entity as attributes, and the entity without the old group label', () => {
    const { entities } = readAsPython(
      graph([
        entity({ group_id: 'a-b', role: 'lead', name_embedding: [1], labels: ['Entity'] }, ['Entity', 'Entity_ab']),
      ]),
    );

    expect(entities).toEqual([
      {
        ...{ uuid: 'u', name: 'Harbor', group_id: 'a-b', created_at: Date.parse(TIME) },
        ...{ labels: ['Entity'], summary: '', attributes: { role: 'lead' } },
      },
    ]);
  });

  test('sees the ends of a fact as on the edge and unknown properties as attributes', () => {
    const { facts } = readAsPython(graph([], [fact({ source_node_uuid: 'x', source_uuid: 'a', invalid_at: TIME })]));

    expect(facts).toMatchObject([
      {
        ...{ source_node_uuid: 'a', target_node_uuid: 'b', attributes: { source_uuid: 'a' } },
        ...{ valid_at: null, invalid_at: Date.parse(TIME) },
      },
    ]);
  });

  test('never sees our private nodes', () => {
    const { entities, episodes } = readAsPython(
      graph([{ labels: ['_Meta'], properties: { key: 'fence' }, types: {} }]),
    );

    expect([...entities, ...episodes]).toEqual([]);
  });

  test.each<[string, StoredNode | StoredEdge, RegExp]>([
    ['a summary is missing', entity({ summary: null }), /summary should be a valid string/],
    ['a name is a number', entity({ name: 5 }), /name should be a valid string/],
    ['an entity has no creation time', entity({ created_at: null }), /created_at cannot be None/],
    ['a date ends with Z', entity({ created_at: '2025-01-01T00:00:00Z' }), /Invalid isoformat string/],
    ['a label has a hyphen', entity({}, ['Entity', 'My-Type']), /NodeLabelValidationError/],
    ['an episode has an unknown source', episode({ source: 'markdown' }), /Episode source markdown not implemented/],
    ['an episode has no list of facts', episode({ entity_edges: null }), /entity_edges should be a valid list/],
    ['an episode has no time', episode({ valid_at: undefined }), /valid_at cannot be None/],
    ['a fact has no list of episodes', fact({ episodes: null }), /episodes should be a valid list/],
    ['a fact ended at an invalid date', fact({ invalid_at: 'yesterday' }), /Invalid isoformat string: "yesterday"/],
  ])('raises an error when %s', (_, broken, message) => {
    const read = () => readAsPython('labels' in broken ? graph([broken]) : graph([], [broken]));

    expect(read).toThrow(PythonError);
    expect(read).toThrow(message);
  });
});
