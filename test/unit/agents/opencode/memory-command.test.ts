import { expect, test } from 'vitest';
import { openCommandTemplates } from '../../../../src/agents/opencode/command-templates.ts';
import type { HostConfig } from '../../../../src/agents/opencode/host.ts';
import { addMemoryCommand } from '../../../../src/agents/opencode/memory-command.ts';

test("/memory is added next to the user's commands, and its text does not count as the user's words", () => {
  const config: HostConfig = { command: { ship: { template: 'Ship $ARGUMENTS to production.' } } };
  const templates = openCommandTemplates();

  addMemoryCommand(config);
  templates.read(config);

  expect(Object.keys(config.command ?? {}).sort()).toEqual(['memory', 'ship']);
  const filled = String(config.command?.memory?.template).replace('$ARGUMENTS', 'forget Harbor');
  expect(templates.isIn(filled)).toBe(true);
  expect(templates.isIn('Please forget Harbor.')).toBe(false);
});

test('an existing command of the same name is kept', () => {
  const own = { template: 'Print the free memory of this machine.' };
  const config: HostConfig = { command: { memory: own } };

  addMemoryCommand(config);

  expect(config.command).toEqual({ memory: own });
});
