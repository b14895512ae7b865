import { describe, expect, test } from 'vitest';
import { type Command, parseCall } from '../../../src/cli/command.ts';
import { InvalidInputError } from '../../../src/errors.ts';

const command: Command = {
  help: '',
  options: {
    limit: { type: 'string' },
    timeout: { type: 'string' },
    type: { type: 'string', multiple: true },
    'no-cache': { type: 'boolean' },
  },
  arguments: [1, 2],
  run: async () => 0,
};
const call = (...args: string[]) => parseCall('query', command, args);

describe('a command line', () => {
  test('yields its arguments and options, in any order', () => {
    const { args, group, json, timeoutOption, flag, number, text } = call(
      '--json',
      'one',
      '--group=g',
      'two',
      '--timeout',
      '5',
    );

    expect({ args, group, json, timeoutOption }).toEqual({
      args: ['one', 'two'],
      group: 'g',
      json: true,
      timeoutOption: { timeoutMs: 5000 },
    });
    expect([flag('no-cache'), number('limit', 1, 9), text('limit')]).toEqual([false, undefined, undefined]);
  });

  test('accepts anything as an argument after --, and a single dash before it', () => {
    expect(call('--', '--json', '-x').args).toEqual(['--json', '-x']);
    expect(call('-').args).toEqual(['-']);
  });

  test.each(['- a point', '-- two dashes', '--limit of what?', '- a = b', '-\tx', '-\n'])(
    'accepts %j as text',
    (content) => {
      expect(call(content, '--limit', '5').args).toEqual([content]);
      expect(call('x', '--group', content).group).toBe(content);
      expect(call('x', '--type', content).list('type')).toEqual([content]);
    },
  );

  test('accepts option values with white space', () => {
    expect(call('x', '--group=a b').group).toBe('a b');
    expect(call('x', '--group= - a').group).toBe(' - a');
  });

  test('yields every value of a repeatable option', () => {
    const { list, text } = call('x', '--type', 'Person', '--type=Product');

    expect(list('type')).toEqual(['Person', 'Product']);
    expect(text('type')).toBe('Product');
    expect([list('limit'), call('x').list('type'), call('x').text('type')]).toEqual([[], [], undefined]);
    expect(call('x', '--limit', '1').list('limit')).toEqual(['1']);
  });

  test('resolves the group "auto" to the memory of the folder, unless the command does so itself', () => {
    const parsed = (own: boolean, ...args: string[]) =>
      parseCall('query', own ? { ...command, readsAuto: true } : command, ['x', ...args], 'repo_harbor_1');

    expect(parsed(false, '--group', 'auto')).toMatchObject({
      group: 'repo_harbor_1',
      groupOption: { group: 'repo_harbor_1' },
    });
    expect(parsed(false, '--group=harbor').group).toBe('harbor');
    expect(parsed(false).group).toBeUndefined();
    expect(parsed(true, '--group', 'auto').group).toBe('auto');
  });

  test('uses the last value of an option given twice', () =>
    expect(call('x', '--group', 'a', '--group', 'b').group).toBe('b'));

  test.each([
    ['1', 1],
    ['9', 9],
    ['09', 9],
  ])('accepts the number %s', (given, number) =>
    expect(call('x', '--limit', given).number('limit', 1, 9)).toBe(number),
  );

  test.each(['0', '10', '1.5', '', ' ', 'x', 'NaN', 'Infinity', '1,0', '１'])('rejects %j as a number', (given) => {
    expect(() => call('x', `--limit=${given}`).number('limit', 1, 9)).toThrow(
      `--limit must be a whole number from 1 to 9, not "${given}".`,
    );
  });

  test.each([
    [[], /query needs more arguments; see memory-manager query --help/],
    [['a', 'b', 'c'], /query takes at most 2 arguments; put text in quotes/],
    [['x', '--frob'], /^Unknown option '--frob'; see memory-manager query --help\.$/],
    [
      ['x', '--limti', '5'],
      /^Unknown option '--limti'; did you mean --limit\? \(memory-manager query --help shows all\)\.$/,
    ],
    [['x', '--Json'], /^Unknown option '--Json'; did you mean --json\?/],
    [['x', '-j'], /^Unknown option '-j'; see/],
    [['x', '--limit'], /argument missing; see/],
    [['x', '--limit', '--json'], /--limit.*; see memory-manager query --help\.$/],
    [['x', '--no-cache=1'], /does not take an argument; see/],
    [['x', '--timeout', '0'], /--timeout must be a whole number from 1 to 86400/],
  ])('%j is rejected in one line', (args, sentence) => {
    expect(() => call(...args)).toThrow(InvalidInputError);
    expect(() => call(...args)).toThrow(sentence);
  });
});
