import { expect, test } from 'vitest';
import { isNewEnough, parseVersion } from '../../../src/embedded/binaries.ts';

test('both products report their version in the same format', () => {
  const valkey = 'Valkey server v=8.0.1 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=39f7c371e0a96e3d';
  const redis = 'Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=a73cd3bcd8ac7b1f';
  expect(parseVersion(valkey)).toEqual({ product: 'Valkey', number: '8.0.1' });
  expect(parseVersion(redis)).toEqual({ product: 'Redis', number: '7.0.15' });
});

test('other program output has no version', () => {
  expect(parseVersion('bash: GNU bash, version 5.2')).toBeUndefined();
  expect(parseVersion('')).toBeUndefined();
});

test.each([
  ['6.2.14', false],
  ['7.0.15', false],
  ['7.2.0', true],
  ['7.10.0', true],
  ['8.0.1', true],
  ['10.0.0', true],
])('%s can load FalkorDB: %s', (number, expected) => {
  expect(isNewEnough({ product: 'Redis', number })).toBe(expected);
});
