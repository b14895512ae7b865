import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { normalizeLines } from '../../../../src/agents/mcp/tidy-messages.ts';

/** The messages in chunks of standard input, and the ids of rejected messages. */
async function tidy(pieces: readonly (string | Buffer)[], longest = 1000) {
  const refused: unknown[] = [];
  const lines = normalizeLines(longest, (id) => void refused.push(id));
  for (const piece of pieces) lines.write(piece);
  lines.end();
  return { out: await text(lines), refused };
}

const list = (more: object) => JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'tools/list', ...more });
const call = (given: unknown) =>
  JSON.stringify({ jsonrpc: '2.0', id: 8, method: 'tools/call', params: { name: 'x', arguments: given } });

test.each([
  ['null params', list({ params: null }), [{ jsonrpc: '2.0', id: 7, method: 'tools/list' }]],
  ['null arguments', call(null), [{ jsonrpc: '2.0', id: 8, method: 'tools/call', params: { name: 'x' } }]],
  ['arguments as JSON text', call('{"a":1}'), [JSON.parse(call({ a: 1 }))]],
  ['a batch', `[${call({})},${list({})}]`, [JSON.parse(call({})), JSON.parse(list({}))]],
  ['text that is not JSON', 'hot reload done', []],
  ['an empty line', '', []],
  ['a response from the client', '{"jsonrpc":"2.0","id":1,"result":{}}', [{ jsonrpc: '2.0', id: 1, result: {} }]],
])('%s', async (_what, line, messages) => {
  const { out, refused } = await tidy([`${line}\n`]);

  expect(out.split('\n').flatMap((it) => (it === '' ? [] : [JSON.parse(it)]))).toEqual(messages);
  expect(refused).toEqual([]);
});

test.each([
  [{ jsonrpc: '2.0', id: 7, method: 'tools/list', params: [] }, 7],
  [{ jsonrpc: '2.0', id: 'a', method: 5 }, 'a'],
  [{ id: 7, method: 'tools/list' }, 7],
  [{ jsonrpc: '2.0', id: null, method: 'tools/list' }, null],
  [{ jsonrpc: '2.0', id: 7 }, 7],
  [5, null],
])('%j is an invalid message and is answered with an error', async (message, id) => {
  expect(await tidy([`${JSON.stringify(message)}\n`])).toEqual({ out: '', refused: [id] });
});

test('lines are split correctly in chunks of any size, cut inside a character, and without a final line feed', async () => {
  const bytes = Buffer.from(`${call({ a: 'é🦀' })}\r\n${call({ b: 'ü' })}`);

  const { out } = await tidy([...bytes].map((byte) => Buffer.from([byte])));

  expect(out).toBe(`${call({ a: 'é🦀' })}\n${call({ b: 'ü' })}\n`);
});

test('a line that is too long is passed on, for the transport to reject', async () => {
  const { out } = await tidy(['x'.repeat(600), 'x'.repeat(600)]);

  expect(out).toContain('x'.repeat(1200));
});
