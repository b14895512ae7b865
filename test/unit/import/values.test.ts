import { describe, expect, test } from 'vitest';
import { LONGEST, valuesOf } from './read.ts';

const plain = (all: Awaited<ReturnType<typeof valuesOf>>) =>
  all.map((it) => ('problem' in it ? it.problem : [it.place, it.value]));

describe.each([1, 2, 3, 5, 64, 1_000_000])('in pieces of %d bytes', (piece) => {
  test('lines are read one by one, whatever ends them', async () => {
    const input = '\uFEFF{"a": "One\u2028two"}\r\n\n  \n{"a": "ö[{\\"}]"}\n[';

    expect(plain(await valuesOf(input, piece))).toEqual([
      ['Line 1', { a: 'One\u2028two' }],
      ['Line 4', { a: 'ö[{"}]' }],
      'Line 5 is not JSON; write one JSON object on each line.',
    ]);
  });

  test('a bare list is read element by element', async () => {
    const input = '\n [ {"a": [1, {"b": "]"}]} ,\n 2, "x,\\\\" , [] ]\n';

    expect(plain(await valuesOf(input, piece))).toEqual([
      ['Element 1', { a: [1, { b: ']' }] }],
      ['Element 2', 2],
      ['Element 3', 'x,\\'],
      ['Element 4', []],
    ]);
  });

  test('the lists of a document are read, and what stands around them passed over', async () => {
    const input = `{"count": 2, "user": {"results": [7]}, "results": [{"memory": "a\\"]"}, {"memory": "b"}],
      "next": null, "relations": [], "entities": [1]}`;

    expect(
      (await valuesOf(input, piece)).map((it) => ('problem' in it ? it.problem : [it.list, it.number, it.value])),
    ).toEqual([
      ['results', 1, { memory: 'a"]' }],
      ['results', 2, { memory: 'b' }],
      ['entities', 1, 1],
    ]);
  });
});

test.each(['', ' \n\n', '[]', '{"results": []}', '{"results":[ ],"relations":[\n]}'])(
  '%j holds nothing',
  async (input) => {
    expect(await valuesOf(input)).toEqual([]);
  },
);

test.each<[string, RegExp]>([
  ['[{"a": 1}, {"a":', /^The document ends before its end; it may be cut off/],
  ['{"results": [1, 2]', /^The document ends before its end/],
  ['{"results": [1, 2]} {"results": [3]}', /^The input is neither JSON lines nor one JSON document/],
  ['{"results": [1, 2], oops}', /^The input is neither JSON lines nor one JSON document/],
  ['[1]]', /^The input is neither JSON lines nor one JSON document/],
])('%j is refused whole', async (input, sentence) => {
  await expect(valuesOf(input)).rejects.toThrow(sentence);
});

test('elements that are none are told by their number', async () => {
  expect(plain(await valuesOf('[1,, nope, {"a"], "b"]'))).toEqual([
    ['Element 1', 1],
    'Element 2 is not JSON.',
    'Element 3 is not JSON.',
    'Element 4 is not JSON.',
    ['Element 5', 'b'],
  ]);
});

test('a line that is too long does not hide the next one', async () => {
  const input = `{"a": 1}\n{"a": "${'x'.repeat(LONGEST)}"}\n{"a": 2}`;

  expect(plain(await valuesOf(input, 1_000))).toEqual([
    ['Line 1', { a: 1 }],
    `Line 2 is longer than ${LONGEST} characters.`,
    ['Line 3', { a: 2 }],
  ]);
});

test('an element that is too long does not hide the next one', async () => {
  expect(plain(await valuesOf(`[1, "${'x'.repeat(LONGEST)}", 2]`, 1_000))).toEqual([
    ['Element 1', 1],
    `Element 2 is longer than ${LONGEST} characters.`,
    ['Element 3', 2],
  ]);
});

test('bytes that are no UTF-8 are refused', async () => {
  await expect(valuesOf(new Uint8Array([123, 125, 10, 255, 10]), 100)).rejects.toThrow(/^The input is not UTF-8 text/);
  await expect(valuesOf(Buffer.from('{"a": "b"}', 'utf16le'), 100)).resolves.toMatchObject([{ place: 'Line 1' }]);
});
