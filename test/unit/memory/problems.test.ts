import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { failureRule, waitProblems } from '../../../src/memory/problems.ts';
import { HOUR, MINUTE } from '../../../src/time.ts';

const page = readFileSync(fileURLToPath(new URL('../../../docs/failures.md', import.meta.url)), 'utf8');
const WAITING = page.split('\n').flatMap((line) => {
  const [, names = '', policy = ''] = line.split('|').map((cell) => cell.trim());
  return /^(?:postponed|retried)$/.test(policy)
    ? [...names.matchAll(/`(\w+Error)`/g)].map(([, name = '']) => name)
    : [];
});

const NOW = Date.UTC(2026, 10, 22);
const failure = (error: string | null, ageMs: number, group: string | null = null) => ({
  ...{ isFinal: false, reason: `The reason of ${error}.`, error, group, since: NOW - ageMs, startedAt: NOW - 1 },
});
const problemsOf = (...store: ReturnType<typeof failure>[]) => waitProblems({ store, export: [] }, 'harbor', NOW);

test('there is a rule of its own for each kind of failure by which jobs wait', () => {
  expect(WAITING.length).toBeGreaterThan(10);
  expect(WAITING.filter((name) => failureRule(name) === failureRule(null))).toEqual([]);
});

test.each([...WAITING, null])(
  'jobs that have waited for an hour because of %s are reported, with the first time',
  (error) => {
    const problems = problemsOf(failure(error, MINUTE, 'harbor'), failure(error, HOUR, 'harbor'));

    expect(problems).toMatchObject([{ message: `The reason of ${error}.`, since: new Date(NOW - HOUR) }]);
    expect(problems[0]?.remedy).toMatch(/\.$/);
  },
);

test('what usually ends by itself is reported once it lasts, and a server that restarts is only a warning', () => {
  expect(problemsOf(failure('StaleFenceError', 100, 'harbor'))).toEqual([]);
  expect(problemsOf(failure('ModelUnavailableError', 100))).toMatchObject([{ level: 'warning' }]);
  expect(problemsOf(failure('ModelUnavailableError', MINUTE))).toMatchObject([{ level: 'problem' }]);
  expect(problemsOf(failure('EmbedderMismatchError', 100, 'harbor'))).toMatchObject([{ level: 'problem' }]);
});

test('dead letters are not among the causes, and another memory is only a warning', () => {
  const other = failure('EmbedderMismatchError', HOUR, 'lighthouse');

  expect(problemsOf({ ...other, isFinal: true })).toEqual([]);
  expect(problemsOf(other)).toMatchObject([{ level: 'warning', stopsReading: false }]);
});
