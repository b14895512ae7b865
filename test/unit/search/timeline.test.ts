import { expect, test } from 'vitest';
import { linkReplacements } from '../../../src/search/timeline.ts';

const fact = (uuid: string, relation: string, validAt: string, invalidAt: string | null = null) => ({
  ...{ uuid, relation, fact: uuid, source: 'Harbor', sourceUuid: 'harbor', target: uuid, targetUuid: uuid },
  ...{ episodes: [], validAt, invalidAt, createdAt: validAt, expiredAt: null },
});
const links = (...given: Parameters<typeof linkReplacements>) =>
  Object.fromEntries(linkReplacements(...given).map(({ uuid, replacedBy }) => [uuid, replacedBy]));

const [JANUARY, MARCH] = ['2025-01-10T00:00:00+00:00', '2025-03-01T00:00:00+00:00'];

test('a fact is replaced by a contradicting fact that began at its end, before another value of its relation', () => {
  const facts = [
    fact('redis', 'USES', JANUARY, MARCH),
    fact('postgres', 'USES', MARCH),
    fact('valkey', 'KEEPS_SESSIONS_IN', MARCH),
  ];

  expect(links(facts, new Map([['redis', ['valkey']]]))).toEqual({ redis: 'valkey', postgres: null, valkey: null });
  expect(links(facts, new Map())).toEqual({ redis: 'postgres', postgres: null, valkey: null });
});

test('a fact that began at another time, or of another relation, replaces nothing', () => {
  const facts = [
    fact('redis', 'USES', JANUARY, MARCH),
    fact('valkey', 'USES', '2025-03-02T00:00:00+00:00'),
    fact('kiel', 'RUNS_IN', MARCH),
  ];

  expect(links(facts, new Map([['redis', ['valkey']]]))).toMatchObject({ redis: null });
});

test('the same moment in another offset counts as the same moment', () => {
  const facts = [fact('redis', 'USES', JANUARY, '2025-03-01T01:00:00+01:00'), fact('valkey', 'USES', MARCH)];

  expect(links(facts, new Map())).toMatchObject({ redis: 'valkey' });
});
