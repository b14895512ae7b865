import { expect, test } from 'vitest';
import { isOwnCall, REPLY_MARK } from '../../../../src/agents/capture/own-tools.ts';
import { toolsFor } from '../../../../src/agents/mcp/tools/tools.ts';
import { growth, LINEAR } from '../../../support/processor.ts';

test.each([
  'mcp__memory__',
  'mcp__memory-manager__',
  'mcp__plugin_memory_memory__',
  'memory.',
  'memory_',
  'memory-manager_',
])('every tool of our server is our own after %s', (prefix) => {
  expect(
    toolsFor(true)
      .map(({ name }) => name)
      .filter((name) => !isOwnCall(prefix + name, '{}', '')),
  ).toEqual([]);
});

const REPLY = JSON.stringify({ ...REPLY_MARK, message: 'Facts retrieved successfully' });
test.each([
  REPLY,
  JSON.stringify([{ type: 'text', text: REPLY }]),
  `Wall time: 0.1 s\nOutput:\n${REPLY}`,
  '<recalled-memory>\n- Harbor uses Valkey 8.\n</recalled-memory>',
])('a tool of our server is our own under any name, by its reply: %s', (reply) => {
  for (const prefix of ['mcp__brain__', 'brain_', 'brain.'])
    for (const { name } of toolsFor(true)) {
      expect(isOwnCall(prefix + name, '{}', reply)).toBe(true);
      expect(isOwnCall(prefix + name, '{}', '{"message":"Facts retrieved"}')).toBe(false);
    }
  expect(isOwnCall('Read', '{}', reply)).toBe(false);
});

test.each([
  ...['mcp__tv__get_episodes', 'tv_get_episodes', 'mcp__graph__search_nodes', 'mcp__graphiti-memory__add_memory'],
  ...['get_episodes', 'mcp__memory__create_entities', 'mcp__notes__memory_search', 'memory'],
])("another server's tool is not: %s", (tool) => {
  expect(isOwnCall(tool, '{}', '')).toBe(false);
});

test.each([
  'memory-manager query "Harbor"',
  'cd /tmp && memory-manager forget episode one',
  'cd /tmp;memory-manager briefing | head',
  'set -e\n  memory-manager episode',
  'echo "$(memory-manager query Harbor)"',
  'MEMORY_GROUP=a timeout 20 memory-manager query Harbor',
  'npx -y memory-manager query Harbor',
  '/opt/node /opt/memory-manager/dist/bin/main.cjs forget episode one',
  "'/Users/Ines Aalto/node' '/Users/Ines Aalto/dist/bin/main.cjs' query Harbor",
])('our own command in a shell is our own: %s', (command) => {
  for (const tool of ['Bash', 'exec_command', 'shell']) expect(isOwnCall(tool, command, '')).toBe(true);
  expect(isOwnCall('bash', JSON.stringify({ command, description: 'asks' }), '')).toBe(true);
  expect(isOwnCall('Write', JSON.stringify({ content: command }), '')).toBe(false);
});

test.each([
  'git commit -m "docs: memory-manager query explained"',
  'grep -rn "memory-manager query" docs',
  "rg 'memory-manager forget'",
  'cat memory-manager/query.ts',
  'echo memory-manager query',
  'memory-manager doctor',
])('a command that only speaks of ours is not: %s', (command) => {
  expect(isOwnCall('Bash', command, '')).toBe(false);
  expect(isOwnCall('bash', JSON.stringify({ command, description: 'memory-manager query' }), '')).toBe(false);
});

test.each(['(A=1 ', '/x/node ', "'/x/node' ", '(/a/', '&memory-manager ', '; -a '])(
  'a long command takes linear time: %j',
  (part) => {
    const work = (times: number) => expect(isOwnCall('Bash', part.repeat(times), '')).toBe(false);
    expect(growth(work, 2_000)).toBeLessThan(LINEAR);
  },
);
