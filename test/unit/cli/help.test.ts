import { expect, test } from 'vitest';
import { optionsOf } from '../../../src/cli/command.ts';
import { COMMANDS } from '../../../src/cli/commands.ts';

/** In the help of all commands, not of each. */
const SHARED = ['group', 'json', 'help', 'timeout'];

test.each(Object.keys(COMMANDS))('the help of %s names every option and no other', async (name) => {
  const load = COMMANDS[name];
  if (!load) throw new Error(`${name} has no module.`);
  const { command } = await load();
  const options = optionsOf(command);

  const named = [...command.help.matchAll(/(?<![\w-])--([a-z][a-z-]*)/g)].map(([, option = '']) => option);

  expect(options.filter((option) => !SHARED.includes(option) && !named.includes(option))).toEqual([]);
  expect(named.filter((option) => !options.includes(option))).toEqual([]);
});
