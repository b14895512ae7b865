import { describe, expect, test } from 'vitest';
import { LONGEST, valuesOf } from './read.ts';

const plain = (all: Awaited<ReturnType<typeof valuesOf>>) =>
  all.map((it) => ('problem' in it ? it.problem : [it.place, it.value]));

describe.each([1, 2, 3, 5, 64, 1_000_000])('in chunks of %d bytes', (piece) => {
  test('lines are read one by one, with any line ending', async () => {
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

  test('the lists of a document are read, and everything around them is skipped', async () => {
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
  '%j contains no entries',
  async (input) => {
    expect(await valuesOf(input)).toEqual([]);
  },
);

test.each<[string, RegExp]>([
  ['{"results": [', /^The document is incomplete; it may be truncated/],
  ['{\n  "a": [1],\n  "b": {}\n}', /^The input has a, b and is none of episodes, mem0 and mcp-memory/],
  [
    '{\n  "mapping": {},\n  "title": "x"\n}',
    /^The input looks like a conversation of ChatGPT, which import does not support/,
  ],
  ['{\n  "a": oops\n}', /^The input is neither JSON lines nor one JSON document/],
])('%j is rejected completely', async (input, sentence) => {
  await expect(valuesOf(input)).rejects.toThrow(sentence);
});

test.each<[string, unknown[]]>([
  ['[{"a": 1}, {"a":', [['Element 1', { a: 1 }], 'The document is incomplete; it may be truncated.']],
  [
    '{"results": [1, 2]',
    [['Element 1 of results', 1], ['Element 2 of results', 2], 'The document is incomplete; it may be truncated.'],
  ],
  [
    '{"results": [1], oops}',
    [
      ['Element 1 of results', 1],
      'The input is neither JSON lines nor one JSON document with a list that import knows.',
    ],
  ],
  ['[1]]', [['Element 1', 1], 'The input is neither JSON lines nor one JSON document with a list that import knows.']],
  ['[{"a": 1},]', [['Element 1', { a: 1 }]]],
  [
    '[{"a": 1} {"a": 2}]',
    [
      ['Element 1', { a: 1 }],
      ['Element 1', { a: 2 }],
    ],
  ],
  [
    '{"a": 1}{"a": "}{"} [2]\n{"a": 3}',
    [
      ['Line 1', { a: 1 }],
      ['Line 1', { a: '}{' }],
      ['Line 1', [2]],
      ['Line 2', { a: 3 }],
    ],
  ],
  [
    '{"a": 1}{"a":\n{"a": 3}',
    [
      ['Line 1', { a: 1 }],
      'Line 1 contains something other than JSON values; a part of it may be lost.',
      ['Line 2', { a: 3 }],
    ],
  ],
  ['{"a":\n{"a": 3}', ['Line 1 is not JSON; write one JSON object on each line.', ['Line 2', { a: 3 }]]],
  [
    '{"a": 1}\n]}[\n"x',
    [
      ['Line 1', { a: 1 }],
      'Line 2 is not JSON; write one JSON object on each line.',
      'Line 3 is not JSON; write one JSON object on each line.',
    ],
  ],
])('the good parts of the damaged %j are kept', async (input, kept) => {
  for (const piece of [1, 7, 1000]) expect(plain(await valuesOf(input, piece))).toEqual(kept);
});

test('invalid elements are reported with their position', async () => {
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

test.each([1, 2, 3, 1000])('invalid UTF-8 loses its own line only, in chunks of %d bytes', async (piece) => {
  const bad = 'Line 2 is not UTF-8 text; convert the input first, for example with iconv.';
  const lines = (line: Uint8Array) =>
    Buffer.concat([Buffer.from('{"a": "ö\ufffd"}\n'), line, Buffer.from('\n{"a": "🦀"}\n')]);
  const kept = [['Line 1', { a: 'ö\ufffd' }], bad, ['Line 3', { a: '🦀' }]];

  expect(plain(await valuesOf(lines(Buffer.from('{"a": "M\xfcller"}', 'latin1')), piece))).toEqual(kept);
  expect(plain(await valuesOf(lines(Buffer.from([0x7b, 0xf0, 0x9f, 0xa6])), piece))).toEqual(kept);
  expect(plain(await valuesOf(lines(Buffer.from([0xed, 0xa0, 0x80])), piece))).toEqual(kept);
  expect(plain(await valuesOf(Buffer.from([0x22, 0xc3]), piece))).toEqual([bad.replace('2', '1')]);
});

test.each([1, 2, 3, 1000])('UTF-16 with a byte order mark is read, in chunks of %d bytes', async (piece) => {
  const little = Buffer.from('\ufeff{"a": "ö🦀"}\n{"a": 2}', 'utf16le');

  expect(plain(await valuesOf(little, piece))).toEqual([
    ['Line 1', { a: 'ö🦀' }],
    ['Line 2', { a: 2 }],
  ]);
  expect(plain(await valuesOf(Buffer.from(little).swap16(), piece))).toHaveLength(2);
});
