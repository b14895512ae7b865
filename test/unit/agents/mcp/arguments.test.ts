import { expect, test } from 'vitest';
import { readArguments } from '../../../../src/agents/mcp/arguments.ts';
import { toolsFor } from '../../../../src/agents/mcp/tools/tools.ts';

const tools = new Map(toolsFor(true).map((tool) => [tool.name, tool]));

function read(name: string, args: Record<string, unknown>) {
  const tool = tools.get(name);
  if (!tool) throw new Error(`no tool ${name}`);
  return readArguments(tool, args);
}

test('null and empty text count as omitted', () => {
  expect(read('search_nodes', { query: 'x', group_ids: null, center_node_uuid: '', entity_types: [] })).toEqual({
    args: { query: 'x', max_nodes: 10, group_ids: undefined, entity_types: undefined },
    unknown: [],
  });
});

test.each([
  ['a list as JSON', '["a","b"]', ['a', 'b']],
  ['a Python list', "['a', 'b']", ['a', 'b']],
  ['a list within a list', ['["a"]', 'b'], ['a', 'b']],
  ['text that is not a list', '[a', ['[a']],
  ['empty text in a list', [''], undefined],
  ['null in a list', [null, 'a'], ['a']],
  ['"null" in a list', ['null'], undefined],
  ['"null"', 'null', undefined],
  ['"None"', 'None', undefined],
  ['an empty list as text', '[]', undefined],
])('%s is parsed', (_what, group_ids, meant) => {
  expect(read('search_nodes', { query: 'x', group_ids }).args.group_ids).toEqual(meant);
});

test('"null" counts as omitted for an optional text and as text for a required one', () => {
  const given = { name: 'null', episode_body: 'None', group_id: 'null', saga: 'undefined', source_description: ' ' };

  const { args: kept } = read('add_memory', given);

  expect(kept).toEqual({ name: 'null', episode_body: 'None' });
  expect(read('search_nodes', { query: 'null', max_nodes: 'null' }).args).toEqual({ query: 'null', max_nodes: 10 });
});

test('a single name becomes a list of one, and numbers may be strings', () => {
  expect(read('search_nodes', { query: 'x', group_ids: 'a', max_nodes: '3' }).args).toMatchObject({
    group_ids: ['a'],
    max_nodes: 3,
  });
});

test('an argument that the tool does not have is reported, unless it has no effect', () => {
  const given = { name: 'n', episode_body: 'b', update_communities: false, excluded_entity_types: ['A'], x: [], y: 0 };

  expect(read('add_memory', given).unknown).toEqual(['excluded_entity_types', 'y']);
});

test('names of Object.prototype members are not arguments', () => {
  expect(read('get_status', { constructor: 'x', toString: 'y' }).unknown).toEqual(['constructor', 'toString']);
});

test.each([
  ['get_entity_edge', {}, 'get_entity_edge needs uuid, which is missing or empty.'],
  ['get_entity_edge', { uuid: ' ' }, 'get_entity_edge needs uuid, which is missing or empty.'],
  [
    'get_episode_entities',
    { episode_uuids: '[]' },
    'get_episode_entities needs episode_uuids, which is missing or empty.',
  ],
  [
    'get_episode_entities',
    { episode_uuids: [''] },
    'get_episode_entities needs episode_uuids, which is missing or empty.',
  ],
  ['get_episodes', { max_episodes: 1.5 }, 'max_episodes must be a whole number.'],
  ['get_episodes', { max_episodes: 201 }, 'max_episodes must be at most 200.'],
  ['get_episodes', { max_episodes: -1 }, 'max_episodes must be at least 1.'],
  ['get_episode_entities', { episode_uuids: [{}] }, 'episode_uuids.0 must be text.'],
])('%s with %j: %s', (name, given, sentence) => {
  if (sentence === undefined) expect(() => read(name, given)).not.toThrow();
  else expect(() => read(name, given)).toThrow(sentence);
});
