import { expect, test } from 'vitest';
import { parseDate } from '../../../../src/cli/terminal/date-words.ts';
import { InvalidInputError } from '../../../../src/errors.ts';

/** Half past midnight of the first of March by this machine's calendar, whatever its time zone. */
const NOW = new Date(2026, 2, 1, 0, 30);
const iso = (text: string) => parseDate(text, '--since', NOW).toISOString();

test('a day in words equals the same local calendar day typed as a date', () => {
  expect(iso('today')).toBe('2026-03-01T00:00:00.000Z');
  expect(iso('yesterday')).toBe('2026-02-28T00:00:00.000Z');
  expect(iso(' Yesterday ')).toBe(iso('2026-02-28'));
});

test('a duration counts back from now', () => {
  const before = (text: string) => NOW.getTime() - parseDate(text, '--since', NOW).getTime();

  expect(before('now')).toBe(0);
  expect(before('30 minutes ago')).toBe(30 * 60_000);
  expect(before('1 hour ago')).toBe(3_600_000);
  expect(before('3 days  ago')).toBe(3 * 86_400_000);
  expect(before('2 weeks ago')).toBe(14 * 86_400_000);
});

test('ISO 8601 dates are left unchanged', () => {
  expect(iso('2026-11-22')).toBe('2026-11-22T00:00:00.000Z');
  expect(iso('2026-11-22T08:30:00+02:00')).toBe('2026-11-22T06:30:00.000Z');
});

test.each(['', 'someday', 'days ago', '3 days', '-1 days ago', '1.5 hours ago', '2026-02-31', 'tomorrow'])(
  '%j is rejected with the accepted forms',
  (text) => {
    expect(() => parseDate(text, '--since', NOW)).toThrow(InvalidInputError);
    expect(() => parseDate(text, '--since', NOW)).toThrow(
      /^--since ".*" is not a date; write it like 2026-11-22 or 2026-11-22T08:30:00Z, or like yesterday or "3 days ago"\.$/,
    );
  },
);
