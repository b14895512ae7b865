import { expect, test } from 'vitest';
import { InvalidInputError } from '../../src/errors.ts';
import { checkGroup, graphName, groupOf } from '../../src/group.ts';

test.each(['_', 'a', 'my-project_2', 'constructor', '__proto__', '0'.repeat(128)])(
  '%s is a valid group name',
  (group) => {
    expect(checkGroup(group)).toBe(group);
  },
);

test.each([
  ...['', ' ', 'a b', '{a}', 'a:b', 'a/b', '../a', 'é', 'a\n', 'a\0', '🚀'.repeat(30), 'a'.repeat(129)],
  ...([5, null, undefined, {}] as unknown as string[]),
])('%j is not a valid group name', (group) => {
  expect(() => checkGroup(group)).toThrow(InvalidInputError);
  expect(() => checkGroup(group)).toThrow(/is not a valid name; use 1 to 128 letters, digits, hyphens and underscores/);
});

test('the default group uses the graph name that Graphiti gave it, which is not a valid group name itself', () => {
  expect(graphName('_')).toBe('default_db');
  expect(graphName('harbor')).toBe('harbor');
  expect(() => checkGroup('default_db')).toThrow('name that group "_"');
});

test.each([
  ['default_db', '_'],
  ['harbor', 'harbor'],
  ['_', undefined],
  ['~scratch:1790000000000:harbor:0123abcd', undefined],
  ['another program', undefined],
])('the graph "%s" belongs to the group %s', (graph, group) => {
  expect(groupOf(graph)).toBe(group);
});
