import { expect, test } from 'vitest';
import { derivedUuid, idempotencyUuid, isIdempotencyUuid, namedUuid } from '../../src/derived-uuid.ts';

test("a named uuid is that of RFC 9562's example (appendix A.4)", () => {
  const dns = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';

  expect(namedUuid(dns, 'www.example.com')).toBe('2ed6657d-e927-568b-95e1-2665a8aea6a2');
});

test('a key always gives the same uuid, and a different one in another group', () => {
  expect(idempotencyUuid('harbor', 'session-7/turn-12')).toBe('d45166ef-4a31-5563-a540-1a9b5d2c04f5');
  expect(idempotencyUuid('quay', 'session-7/turn-12')).not.toBe(idempotencyUuid('harbor', 'session-7/turn-12'));
  expect(idempotencyUuid('harbor', 'É 🚀')).toMatch(
    /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
});

test('derived uuids are distinguishable from others', () => {
  expect(isIdempotencyUuid(idempotencyUuid('harbor', 'x'))).toBe(true);
  expect([crypto.randomUUID(), derivedUuid('x')].map(isIdempotencyUuid)).toEqual([false, false]);
});
