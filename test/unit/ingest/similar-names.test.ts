import { describe, expect, test } from 'vitest';
import {
  entropy,
  findNearDuplicate,
  fuzzyKey,
  isDistinctive,
  jaccard,
  shingles,
  similarity,
} from '../../../src/ingest/name-keys.ts';

// The values are graphiti_core's own (dedup_helpers.py and its tests).
describe('names are compared as Graphiti does', () => {
  test.each([
    ['Alice-Smith!', 'alice smith'],
    ["O'Brien  & Co.", "o'brien co"],
    ['ÉCOLE', 'cole'],
    ['Node.js v20', 'node js v20'],
    ['数据库', ''],
  ])('%s becomes %s', (name, key) => expect(fuzzyKey(name)).toBe(key));

  test.each([
    ['alice', 2.321928, false],
    ['java', 1.5, false],
    ['bob', 0.918296, false],
    ['joe michaels', 3.277613, true],
    ['nodejs', 2.584963, true],
    ['aabbcc', 1.584963, true],
    ['ab ab', 1, false],
    ['zz zz zz', 0, false],
    ['meaningful name', 3, true],
    ['aa', 0, false],
    ['', 0, false],
  ])('%s has %f bits; enough: %s', (name, bits, enough) => {
    if (name !== 'meaningful name') expect(entropy(name)).toBeCloseTo(bits, 6);
    expect(isDistinctive(name)).toBe(enough);
  });

  test.each([
    ['alice', ['ali', 'lic', 'ice']],
    ['ab', []],
    ['a', ['a']],
    ['', []],
    ['a b c d', ['abc', 'bcd']],
  ])('%s has the shingles %j', (key, expected) => expect([...shingles(key)]).toEqual(expected));

  test('the similarity is the share of common shingles', () => {
    expect(jaccard(new Set('ab'), new Set('ac'))).toBeCloseTo(1 / 3);
    expect(jaccard(new Set(), new Set())).toBe(1);
    expect(jaccard(new Set('a'), new Set())).toBe(0);
    expect(similarity('joe michael', 'joe michaels')).toBeCloseTo(0.888889, 6);
    expect(similarity('falkor graph service', 'falkor graph services')).toBeCloseTo(0.941176, 6);
    expect(similarity('react native', 'react-native')).toBe(1);
  });
});

test.each([
  ['Joe-Michaels', ['Joe Michaels'], 'Joe Michaels'],
  ['Joe Michael', ['Joe Michaels'], null],
  ['Joe', ['Joseph'], null],
  ['java', ['Java!'], null],
  ['falkor graph services', ['graph', 'falkor graph service'], 'falkor graph service'],
  ['anything', [], null],
])('%s among %j is %s', (name, candidates, found) => {
  expect(
    findNearDuplicate(
      name,
      candidates.map((candidate) => ({ name: candidate })),
    )?.name ?? null,
  ).toBe(found);
});
