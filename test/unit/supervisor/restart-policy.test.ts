import { expect, test } from 'vitest';
import { type Failures, MAX_RESTARTS, restartDelay, withFailure } from '../../../src/supervisor/restart-policy.ts';
import { MINUTE, SECOND } from '../../../src/time.ts';

/** Failures at these times, in order. */
const after = (times: readonly number[]): Failures[] => {
  const rows: Failures[] = [];
  for (const time of times) rows.push(withFailure(rows.at(-1), 'It died', time));
  return rows;
};

test('a process that keeps crashing is restarted with growing delays, and given up after five restarts', () => {
  const rows = after([0, 1, 2, 3, 4, 5].map((number) => number * MINUTE));

  expect(rows.map(restartDelay)).toEqual([0, 1, 2, 4, 8, 16].map((seconds) => seconds * SECOND));
  expect(rows.map(({ gaveUp }) => gaveUp)).toEqual([false, false, false, false, false, true]);
  expect(rows.at(MAX_RESTARTS)).toMatchObject({ count: MAX_RESTARTS + 1, at: 5 * MINUTE, reason: 'It died' });
});

test('a process that ran for fifteen minutes is healthy: its next crash counts as the first', () => {
  const [, second, third, fourth] = after([0, MINUTE, 16 * MINUTE - 1, 31 * MINUTE - 1]);

  expect([second?.count, third?.count, fourth?.count]).toEqual([2, 3, 1]);
  expect(restartDelay(fourth as Failures)).toBe(0);
});
