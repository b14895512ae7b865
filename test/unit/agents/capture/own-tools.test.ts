import { expect, test } from 'vitest';
import { answerText, isMemoryToolCall, MEMORY_REPLY_MARK } from '../../../../src/agents/capture/own-tools.ts';
import { toolsFor } from '../../../../src/agents/mcp/tools/tools.ts';
import { recalledSentences, withoutRecalledSentences } from '../../../../src/redaction/recall-marks.ts';
import { MAX_LINEAR_GROWTH, timeGrowth } from '../../../support/processor.ts';

test.each([
  'mcp__memory__',
  'mcp__memory-manager__',
  'mcp__plugin_memory_memory__',
  'memory.',
  'memory_',
  'memory-manager_',
])('every tool of our MCP server with the prefix %s is recognised as ours', (prefix) => {
  expect(
    toolsFor(true)
      .map(({ name }) => name)
      .filter((name) => !isMemoryToolCall(prefix + name, '{}', '')),
  ).toEqual([]);
});

const REPLY = JSON.stringify({ ...MEMORY_REPLY_MARK, message: 'Facts retrieved successfully' });
test.each([
  REPLY,
  JSON.stringify([{ type: 'text', text: REPLY }]),
  `Wall time: 0.1 s\nOutput:\n${REPLY}`,
  '<recalled-memory>\n- Harbor uses Valkey 8.\n</recalled-memory>',
])('a tool of our server is recognised by its reply, whatever its name: %s', (reply) => {
  for (const prefix of ['mcp__brain__', 'brain_', 'brain.'])
    for (const { name } of toolsFor(true)) {
      expect(isMemoryToolCall(prefix + name, '{}', reply)).toBe(true);
      expect(isMemoryToolCall(prefix + name, '{}', '{"message":"Facts retrieved"}')).toBe(false);
    }
  expect(isMemoryToolCall('Read', '{}', reply)).toBe(false);
});

test.each([
  ...['mcp__tv__get_episodes', 'tv_get_episodes', 'mcp__graph__search_nodes', 'mcp__graphiti-memory__add_memory'],
  ...['get_episodes', 'mcp__memory__create_entities', 'mcp__notes__memory_search', 'memory'],
])("another server's tool is not recognised as ours: %s", (tool) => {
  expect(isMemoryToolCall(tool, '{}', '')).toBe(false);
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
])('our own command in a shell is recognised: %s', (command) => {
  for (const tool of ['Bash', 'exec_command', 'shell']) expect(isMemoryToolCall(tool, command, '')).toBe(true);
  expect(isMemoryToolCall('bash', JSON.stringify({ command, description: 'asks' }), '')).toBe(true);
  expect(isMemoryToolCall('Write', JSON.stringify({ content: command }), '')).toBe(false);
});

test.each([
  'git commit -m "docs: memory-manager query explained"',
  'grep -rn "memory-manager query" docs',
  "rg 'memory-manager forget'",
  'cat memory-manager/query.ts',
  'echo memory-manager query',
  'memory-manager doctor',
])('a command that only mentions ours is not recognised: %s', (command) => {
  expect(isMemoryToolCall('Bash', command, '')).toBe(false);
  expect(isMemoryToolCall('bash', JSON.stringify({ command, description: 'memory-manager query' }), '')).toBe(false);
});

test.each(['(A=1 ', '/x/node ', "'/x/node' ", '(/a/', '&memory-manager ', '; -a '])(
  'a long command is checked in linear time: %j',
  (part) => {
    const work = (times: number) => expect(isMemoryToolCall('Bash', part.repeat(times), '')).toBe(false);
    expect(timeGrowth(work, 2_000)).toBeLessThan(MAX_LINEAR_GROWTH);
  },
);

const FACT = 'Harbor keeps its sessions in Valkey';
test.each([
  '- Harbor listens on port 6380',
  `- ${FACT}\n- its config is {"port":6380}`,
  `- ${FACT}\n- its ports are [6379, 6380]`,
  `- ${FACT} in {region}\n- its config is {"port":6380}`,
  '640000 connections at most',
  '123456789012345',
  'null',
])('an agent that repeats our answer states nothing new: %s', (answer) => {
  for (const output of [answer, JSON.stringify(answer)]) {
    expect(answerText(output)).toContain(answer.split('\n')[0]);
    if (answer.length >= 12)
      expect(withoutRecalledSentences(answer, recalledSentences(answerText(output)))).not.toMatch(/\p{L}{3}|\d{5}/u);
  }
});

const REPLY_WITH_FACT = JSON.stringify({ ...MEMORY_REPLY_MARK, facts: [{ fact: FACT, port: 6380 }] });
test.each([
  REPLY_WITH_FACT,
  JSON.stringify(REPLY_WITH_FACT),
  JSON.stringify([{ type: 'text', text: REPLY_WITH_FACT }]),
  `Wall time: 0.1 s\nOutput:\n${REPLY_WITH_FACT}`,
  `Exit {0}\nOutput: \n  ${REPLY_WITH_FACT}`,
  `Output: ${REPLY_WITH_FACT}`,
])('the facts of a JSON reply are compared sentence by sentence: %s', (output) => {
  expect(recalledSentences(answerText(output))).toContain(FACT);
});
