import { expect, test } from 'vitest';
import { episodeTombstone, factTombstone, parseTombstones } from '../../../src/forget/tombstones.ts';

const UUID = '0190a0b1-0000-7000-8000-000000000001';
const marks = {
  [episodeTombstone(UUID)]: 1_700_000_000_000,
  [factTombstone(UUID, UUID, 'Harbor uses Redis')]: 1_700_000_000_001,
};
const note = JSON.stringify({ format: 'memory-manager-forgotten', version: 1, group: 'g', marks });

test('a complete note is read', () => {
  expect(parseTombstones(note)).toEqual({ tombstones: new Map(Object.entries(marks)), isDamaged: false });
});

test.each([
  ['truncated', note.slice(0, -1), 2],
  ['truncated in its second mark', note.slice(0, -30), 1],
  ['overwritten at its start', `xxxxxxxxxx${note.slice(10)}`, 2],
  ['with an invalid time', note.replace('1700000000001', 'null'), 1],
  ['empty', '', 0],
])('a note that is %s yields its readable marks and a warning that some may be missing', (_, text, count) => {
  const read = parseTombstones(text);

  expect(read.isDamaged).toBe(true);
  expect(read.tombstones.size).toBe(count);
  expect(marks).toMatchObject(Object.fromEntries(read.tombstones));
});
