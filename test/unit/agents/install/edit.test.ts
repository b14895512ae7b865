import { describe, expect, test } from 'vitest';
import { appendItem, removeEntries, setMember, valueAt } from '../../../../src/agents/install/json-edit.ts';
import { parseJsonc, plainValue } from '../../../../src/agents/install/jsonc.ts';

const NEW = 'file:///ours.js';
const isNew = (value: unknown) => value === NEW;

/** Hand-written documents, each with its form after one more entry in the list `plugin`. */
const WRITTEN: readonly (readonly [name: string, before: string, after: string])[] = [
  ['an empty object', '{}', '{\n  "plugin": ["file:///ours.js"]\n}'],
  ['an object over two lines', '{\n}\n', '{\n  "plugin": ["file:///ours.js"]\n}\n'],
  ['one line', '{"a": 1}', '{"a": 1, "plugin": ["file:///ours.js"]}'],
  ['a list in one line', '{"plugin": ["x"], "a": 1}\n', '{"plugin": ["x", "file:///ours.js"], "a": 1}\n'],
  [
    'a list over lines',
    '{\n    "plugin": [\n        "x"\n    ]\n}',
    '{\n    "plugin": [\n        "x",\n        "file:///ours.js"\n    ]\n}',
  ],
  [
    'comments and trailing commas',
    '// mine\n{\n\t"plugin": [\n\t\t"x", // the first\n\t],\n\t/* last */\n}\n',
    '// mine\n{\n\t"plugin": [\n\t\t"x", // the first\n\t\t"file:///ours.js",\n\t],\n\t/* last */\n}\n',
  ],
  [
    'a comment behind the last entry',
    '{\n  "plugin": [\n    "x" // why\n  ]\n}',
    '{\n  "plugin": [\n    "x", // why\n    "file:///ours.js"\n  ]\n}',
  ],
  ["Windows' line ends", '{\r\n  "a": 1\r\n}\r\n', '{\r\n  "a": 1,\r\n  "plugin": ["file:///ours.js"]\r\n}\r\n'],
  ['a byte order mark', '\uFEFF{\n  "a": 1\n}', '\uFEFF{\n  "a": 1,\n  "plugin": ["file:///ours.js"]\n}'],
  [
    'brackets and slashes in texts',
    '{\n  "a": "// ] } , \\" /*",\n  "b": []\n}',
    '{\n  "a": "// ] } , \\" /*",\n  "b": [],\n  "plugin": ["file:///ours.js"]\n}',
  ],
];

describe('adding an entry to a list', () => {
  test.each(WRITTEN)('in %s follows the existing formatting', (_, before, after) => {
    expect(appendItem(before, ['plugin'], NEW)).toBe(after);
  });

  test.each(WRITTEN.slice(2))('in %s can be undone without a trace', (_, before, after) => {
    expect(removeEntries(after, ['plugin'], isNew)).toBe(before);
  });

  test('of comments only keeps the comments', () => {
    const before = '{\n  "plugin": [\n    // none yet\n  ]\n}';
    const after = appendItem(before, ['plugin'], NEW);
    expect(after).toContain('// none yet');
    expect(plainValue(parseJsonc(after))).toEqual({ plugin: [NEW] });
  });

  test('can be undone at the start or in the middle without touching other entries', () => {
    expect(removeEntries('["file:///ours.js", "b"]', [], isNew)).toBe('["b"]');
    expect(removeEntries('["a", "file:///ours.js", "b"]', [], isNew)).toBe('["a", "b"]');
    expect(removeEntries('[\n  "file:///ours.js",\n  "b"\n]', [], isNew)).toBe('[\n  "b"\n]');
    expect(removeEntries('[\n  "a",\n  "file:///ours.js",\n  "b"\n]', [], isNew)).toBe('[\n  "a",\n  "b"\n]');
  });
});

describe('a member', () => {
  test('is created together with its missing parents', () => {
    const text = appendItem('{\n  "model": "m"\n}\n', ['hooks', 'Stop'], { command: 'c', timeout: 1 });
    expect(text).toBe(
      '{\n  "model": "m",\n  "hooks": {\n    "Stop": [\n      {\n        "command": "c",\n        "timeout": 1\n      }\n    ]\n  }\n}\n',
    );
    expect(removeEntries(text, ['hooks', 'Stop'], () => true)).toBe('{\n  "model": "m"\n}\n');
  });

  test('is replaced, not duplicated', () => {
    const once = setMember('{"mcp": {"other": 1, "memory": {"old": true}}}', ['mcp'], 'memory', { new: true });
    expect(valueAt(once, ['mcp'])).toEqual({ other: 1, memory: { new: true } });
  });

  test('is not written where a different type of value exists', () => {
    expect(() => appendItem('{"plugin": "x"}', ['plugin'], NEW)).toThrow('"plugin" is not a list');
    expect(() => appendItem('{"hooks": []}', ['hooks', 'Stop'], NEW)).toThrow('"hooks" is not an object');
    expect(() => appendItem('[]', ['plugin'], NEW)).toThrow('the document is not an object');
  });
});

test('the last of two duplicate keys is changed, because the last one counts', () => {
  const text = appendItem('{"plugin": ["a"], "plugin": ["b"]}', ['plugin'], NEW);
  expect(JSON.parse(text)).toEqual({ plugin: ['b', NEW] });
});

test.each([
  ['{\n  "a": 1\n  "b": 2\n}', 'line 3: a "," is missing'],
  ['{"a": }', 'line 1: a value is missing'],
  ['{"a": 1', 'line 1: a "}" is missing'],
  ['{a: 1}', 'line 1: "a" is not expected there'],
  ['{"a": "\\q"}', 'line 1: a string holds what JSON does not allow'],
  ['{"a": "b\n"}', 'line 1: a string does not end on its line'],
  ['{"a": 1} x', 'line 1: "x" is not expected there'],
  ['{"a": 1} 2', 'line 1: there is more after the end'],
  ['{} /* open', 'line 1: a comment does not end'],
  ['', 'line 1: a value is missing'],
  ['['.repeat(1_000_000), 'it is nested too deep'],
])('a syntax error is reported with its position: %#', (text, why) => {
  expect(() => parseJsonc(text)).toThrow(why);
});

test('the editor reads the same value as JSON.parse', () => {
  const text = '{"a": [1, -2.5e3, true, null, "\\u00e9\\n"], "b": {"c": {}}, "d": []}';
  expect(plainValue(parseJsonc(text))).toEqual(JSON.parse(text));
});
