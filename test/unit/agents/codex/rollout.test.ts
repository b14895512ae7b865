import { expect, test } from 'vitest';
import { readRollout, turnOfRollout } from '../../../../src/agents/codex/rollout.ts';

const item = (role: string, type: string, text: string) => ({
  type: 'response_item',
  payload: { type: 'message', role, content: [{ type, text }] },
});
const compacted = (message: string) => ({ type: 'compacted', payload: { message } });
const started = { type: 'event_msg', payload: { type: 'task_started', turn_id: 'one' } };
const read = (...values: object[]) => {
  const { turns, summaries } = readRollout(
    values.map((value, at) => ({ at, value })),
    new Date(),
    'zero.2',
  );
  const about = { session: 's', directory: '/', recalled: false };
  return { turns: turns.map((turn) => turnOfRollout(turn, about)), summaries: summaries.map(({ text }) => text) };
};

test("the model's answer to a compaction prompt is not an answer to the user", () => {
  const { turns, summaries } = read(
    started,
    item('assistant', 'output_text', 'The goal is a port.'),
    compacted('The goal is a port.'),
    item('user', 'input_text', 'Go on.'),
    item('assistant', 'output_text', 'Done.'),
  );

  expect(turns).toEqual([expect.objectContaining({ message: 'one', user: 'Go on.', assistant: 'Done.' })]);
  expect(summaries).toEqual(['The goal is a port.']);
});

test.each(['mcp__memory', 'mcp__memory__', 'memory.'])('calls of our own tools are left out (%s)', (namespace) => {
  const call = (fields: object) => ({
    type: 'response_item',
    payload: { type: 'function_call', arguments: '{}', ...fields },
  });
  const { turns } = read(
    started,
    item('user', 'input_text', 'Note this.'),
    call({ call_id: 'a', namespace, name: 'add_memory' }),
    call({ call_id: 'b', name: 'exec_command' }),
  );

  expect(turns[0]?.tools.map(({ tool }) => tool)).toEqual(['exec_command']);
});

test('an answer of the memory is not stored as a tool output, whatever its server is called', () => {
  const payload = (fields: object) => ({ type: 'response_item', payload: fields });
  const { turns } = read(
    started,
    item('user', 'input_text', 'Which store?'),
    payload({ type: 'function_call', call_id: 'a', namespace: 'mcp__brain__', name: 'search_nodes', arguments: '{}' }),
    payload({
      ...{ type: 'function_call_output', call_id: 'a' },
      output: JSON.stringify([
        { type: 'text', text: '{"server":"memory-manager","nodes":[{"summary":"Uses Redis."}]}' },
      ]),
    }),
  );

  expect(turns[0]).toMatchObject({ tools: [], memoryAnswers: ['text\nmemory-manager\nUses Redis.'] });
});

test.each([
  'memory-manager query "Harbor" --group auto',
  'cd /tmp && /opt/node /opt/memory-manager/dist/bin/main.cjs forget episode one --group auto --dry-run',
])('our own commands are left out as well (%s)', (command) => {
  const call = (id: string, cmd: string) => ({
    type: 'response_item',
    payload: { type: 'function_call', call_id: id, name: 'exec_command', arguments: JSON.stringify({ cmd }) },
  });
  const { turns } = read(started, call('a', command), call('b', 'cat memory-manager/query.ts'));

  expect(turns[0]?.tools.map(({ input }) => input)).toEqual(['cat memory-manager/query.ts']);
});

test('a compaction summary after an already stored turn is not a turn of its own', () => {
  const { turns } = read(item('assistant', 'output_text', 'The goal is a port.'), compacted('The goal is a port.'));

  expect(turns).toEqual([undefined]);
});
