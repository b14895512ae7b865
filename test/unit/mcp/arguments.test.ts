import { expect, test } from 'vitest';
import { readArguments } from '../../../src/mcp/arguments.ts';
import { toolsFor } from '../../../src/mcp/tools/all.ts';

const tools = new Map(toolsFor(true).map((tool) => [tool.name, tool]));

function read(name: string, given: Record<string, unknown>) {
  const tool = tools.get(name);
  if (!tool) throw new Error(`no tool ${name}`);
  return readArguments(tool, given);
}

test('null and empty text count as left out', () => {
  expect(read('search_nodes', { query: 'x', group_ids: null, center_node_uuid: '', entity_types: [] })).toEqual({
    given: { query: 'x', max_nodes: 10, group_ids: undefined, entity_types: undefined },
    unknown: [],
  });
});

test('a name alone is a list of one, and figures may come as text', () => {
  expect(read('search_nodes', { query: 'x', group_ids: 'a', max_nodes: '3' }).given).toMatchObject({
    group_ids: ['a'],
    max_nodes: 3,
  });
});

test('what a tool does not know is told, unless it asks for nothing', () => {
  const given = { name: 'n', episode_body: 'b', update_communities: false, excluded_entity_types: ['A'], x: [], y: 0 };

  expect(read('add_memory', given).unknown).toEqual(['excluded_entity_types', 'y']);
});

test('names of what every object has are no arguments', () => {
  expect(read('get_status', { constructor: 'x', toString: 'y' }).unknown).toEqual(['constructor', 'toString']);
});

test.each([
  ['get_entity_edge', {}, 'get_entity_edge needs uuid, which is missing or empty.'],
  ['get_entity_edge', { uuid: ' ' }, undefined],
  ['get_episodes', { max_episodes: 1.5 }, 'max_episodes must be a whole number.'],
  ['get_episodes', { max_episodes: 201 }, 'max_episodes must be at most 200.'],
  ['get_episodes', { max_episodes: -1 }, 'max_episodes must be at least 1.'],
  ['get_episode_entities', { episode_uuids: [{}] }, 'episode_uuids.0 must be text.'],
])('%s with %j: %s', (name, given, sentence) => {
  if (sentence === undefined) expect(() => read(name, given)).not.toThrow();
  else expect(() => read(name, given)).toThrow(sentence);
});
