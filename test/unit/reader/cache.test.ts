import { expect, test } from 'vitest';
import { cacheKey as keyOf } from '../../../src/reader/cache.ts';
import { failFastConnection } from '../../../src/valkey/connections.ts';
import { inNamespace } from '../../../src/valkey/keys.ts';

// Never connected.
const connection = () => failFastConnection({ host: '127.0.0.1', port: 1, tls: false });
const valkey = connection();
const cacheKey = (group: string, asked: object) => keyOf(valkey, group, asked);

const question = { ask: 'search', query: 'Harbor', limit: 5, asOf: undefined };

test('the same question has the same key, in the hash slot of its group', () => {
  expect(cacheKey('harbor', question)).toBe(cacheKey('harbor', { ...question }));
  expect(cacheKey('harbor', question)).toMatch(/^query:\{harbor\}:/);
});

test('the key changes with every input of the answer', () => {
  const keys = [
    cacheKey('harbor', question),
    cacheKey('quay', question),
    cacheKey('harbor', { ...question, query: 'harbor' }),
    cacheKey('harbor', { ...question, limit: 6 }),
    cacheKey('harbor', { ...question, asOf: '2025-01-01T00:00:00+00:00' }),
    cacheKey('harbor', { ask: 'entities', type: undefined }),
    cacheKey('harbor', { ask: 'entities', type: 'person' }),
  ];

  expect(new Set(keys).size).toBe(keys.length);
});

test.each(['Harbor', 'Harbor '.repeat(1000)])('a key contains no word of the question', (query) => {
  expect(cacheKey('quay', { ...question, query })).toMatch(/^query:\{quay\}:[\w-]{43}$/);
});

test("a question cannot move its answer to another group's hash slot", () => {
  const key = cacheKey('harbor', { ...question, query: '}:x\r\nFLUSHALL {quay}' });

  // Valkey takes what stands between the first brace and the next closing one.
  expect(/\{(.*?)\}/.exec(key)?.[1]).toBe('harbor');
});

test("installations with different queue prefixes have different keys, still in the group's hash slot", () => {
  const keys = ['{memory}', '{one}', 'one', '{one}-2'].map((prefix) =>
    keyOf(inNamespace(connection(), prefix), 'harbor', question),
  );

  expect(keys[0]).toBe(cacheKey('harbor', question));
  expect(new Set(keys.map((key) => /\{(.*?)\}/.exec(key)?.[1]))).toEqual(new Set(['harbor']));
  expect(new Set(keys).size).toBe(4);
});
