import { describe, expect, test } from 'vitest';
import { derivedUuid } from '../../../src/derived-uuid.ts';
import { canonicalKey } from '../../../src/ingest/name-keys.ts';

test.each([
  ['  Alice   Smith ', 'alice smith'],
  ['Alice\n\tSmith', 'alice smith'],
  ['Alice-Smith', 'alice-smith'],
  ['ÉCOLE', 'école'],
  ['数据库', '数据库'],
  ['E\u0301cole', 'école'],
  ['Ｖａｌｋｅｙ ８', 'valkey 8'],
  ['Har\u00ADbor', 'harbor'],
])('canonicalKey(%j) is %j', (name, key) => {
  expect(canonicalKey(name)).toBe(key);
});

describe('a derived uuid', () => {
  test('is the same for the same parts in every version of this program', () => {
    expect(derivedUuid('entity', '_', 'harbor')).toBe(derivedUuid('entity', '_', 'harbor'));
    expect(derivedUuid('entity', '_', 'harbor')).toBe('49916358-0114-86e5-8abc-adac30688435');
  });

  test('depends on where one part ends and the next begins', () => {
    expect(derivedUuid('a', 'bc')).not.toBe(derivedUuid('ab', 'c'));
    expect(derivedUuid('a"', 'b')).not.toBe(derivedUuid('a', '"b'));
  });

  test('has the form of RFC 9562, version 8', () => {
    for (let i = 0; i < 100; i += 1)
      expect(derivedUuid(String(i))).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});
