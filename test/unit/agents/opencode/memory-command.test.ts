import { expect, test } from 'vitest';
import { openCommandTemplates } from '../../../../src/agents/opencode/command-templates.ts';
import type { HostConfig } from '../../../../src/agents/opencode/host.ts';
import { addMemoryCommand } from '../../../../src/agents/opencode/memory-command.ts';

test('/memory is added beside the commands of the user, and its text is not taken for their own words', () => {
  const config: HostConfig = { command: { ship: { template: 'Ship $ARGUMENTS to production.' } } };
  const templates = openCommandTemplates();

  addMemoryCommand(config);
  templates.read(config);

  expect(Object.keys(config.command ?? {}).sort()).toEqual(['memory', 'ship']);
  const filled = String(config.command?.memory?.template).replace('$ARGUMENTS', 'forget Harbor');
  expect(templates.isIn(filled)).toBe(true);
  expect(templates.isIn('Please forget Harbor.')).toBe(false);
});

test('a command of the same name stays', () => {
  const own = { template: 'Print the free memory of this machine.' };
  const config: HostConfig = { command: { memory: own } };

  addMemoryCommand(config);

  expect(config.command).toEqual({ memory: own });
});
