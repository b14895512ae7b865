import { expect, test } from 'vitest';
import { replacementFor } from '../../../src/search/fact-ends.ts';

const [JANUARY, MARCH, APRIL] = ['2025-01-10T00:00:00+00:00', '2025-03-01T00:00:00+00:00', '2025-04-01T00:00:00+00:00'];

interface Given {
  readonly relation?: string;
  readonly source?: string;
  readonly target?: string;
  readonly validAt?: string | null;
  readonly invalidAt?: string | null;
  readonly episodes?: readonly string[];
  readonly fact?: string;
}

const fact = (uuid: string, given: Given = {}) => {
  const { relation = 'USES', source = 'Harbor', target = uuid, validAt = MARCH, invalidAt = null } = given;
  return {
    ...{ uuid, relation, source, target, validAt, invalidAt, sourceUuid: source, targetUuid: target },
    ...{ fact: given.fact ?? `${source} ${relation} ${target}`, episodes: given.episodes ?? [] },
    ...{ createdAt: validAt ?? JANUARY, expiredAt: null },
  };
};
const redis = fact('Redis', { validAt: JANUARY, invalidAt: MARCH, episodes: ['old'] });
const next = (candidates: readonly ReturnType<typeof fact>[], endedBy: string[] = [], rivals: string[] = []) =>
  replacementFor(redis, candidates, endedBy, rivals)?.uuid;

test('a fact that contradicts it comes before another value of its relation', () => {
  const candidates = [fact('Postgres'), fact('Valkey', { relation: 'KEEPS_SESSIONS_IN' })];

  expect(next(candidates, [], ['Valkey'])).toBe('Valkey');
  expect(next(candidates)).toBe('Postgres');
});

test('a fact of another relation takes its place if the text that ended it states the fact', () => {
  const moved = fact('Valkey', { relation: 'MOVED_TO', episodes: ['new'], fact: 'Harbor moved from Redis to Valkey' });
  const other = fact('Kiel', { relation: 'RUNS_IN', episodes: ['new'] });

  expect(next([other, moved], ['new'])).toBe('Valkey');
  expect(next([other], ['another'])).toBe(undefined);
});

test('a fact about another subject takes its place if only the subject is another', () => {
  const lead = fact('lead', {
    relation: 'LEADS',
    source: 'Mira',
    target: 'Harbor',
    invalidAt: MARCH,
    validAt: JANUARY,
  });
  const left = fact('left', { relation: 'LEFT', source: 'Mira', target: 'team', episodes: ['new'] });
  const successor = fact('successor', { relation: 'LEADS', source: 'Jonas', target: 'Harbor', episodes: ['new'] });

  expect(replacementFor(lead, [left, successor], ['new'])?.uuid).toBe('successor');
});

test.each([
  ['without a date', null],
  ['that began at the end', MARCH],
])('a contradicting fact %s takes its place', (_, validAt) => {
  expect(next([fact('Valkey', { relation: 'KEEPS_SESSIONS_IN', validAt })], [], ['Valkey'])).toBe('Valkey');
});

test.each([
  ['began at another time', { validAt: APRIL }, ['Valkey']],
  ['is of another relation and another text', { relation: 'RUNS_IN' }, []],
  ['had ended by then', { validAt: JANUARY, invalidAt: MARCH }, ['Valkey']],
  ['is about nothing that it is about', { source: 'Lighthouse', target: 'Bremen', episodes: ['new'] }, []],
])('a fact that %s replaces nothing', (_, given, rivals) => {
  expect(next([fact('Valkey', given)], ['new'], rivals)).toBe(undefined);
});

test('the same moment in another offset counts as the same moment', () => {
  const ended = { ...redis, invalidAt: '2025-03-01T01:00:00+01:00' };

  expect(replacementFor(ended, [fact('Valkey')], [])?.uuid).toBe('Valkey');
});
