import { describe, expect, test } from 'vitest';
import { InvalidInputError } from '../../src/errors.ts';
import { checkTime, day, fromGraphTime, parseTime, timestamp, timeText, toDate, toGraphTime } from '../../src/time.ts';

describe('toGraphTime', () => {
  test.each([
    ['2025-01-01T00:00:00Z', '2025-01-01T00:00:00+00:00'],
    ['2025-01-01T01:30:00+05:30', '2024-12-31T20:00:00+00:00'],
    ['2025-01-01T00:00:00.120Z', '2025-01-01T00:00:00.120000+00:00'],
  ])('writes %s as Python does: %s', (text, stored) => {
    expect(toGraphTime(new Date(text))).toBe(stored);
  });

  test('writes text that sorts by time', () => {
    const times = [0, 1, 999, 1000, 86_400_000, Date.UTC(1999, 0), Date.UTC(9999, 11)].map((time) => new Date(time));

    expect(times.map(toGraphTime).sort()).toEqual(times.map(toGraphTime));
  });
});

describe('fromGraphTime', () => {
  test.each([
    ['2025-01-01T00:00:00+00:00', '2025-01-01T00:00:00.000Z'],
    ['2025-01-01T00:00:00', '2025-01-01T00:00:00.000Z'],
    ['2025-01-01T00:00:00.123456+02:00', '2024-12-31T22:00:00.123Z'],
    ['2025-01-01T00:00:00Z', '2025-01-01T00:00:00.000Z'],
  ])('reads %s', (stored, instant) => {
    expect(fromGraphTime(stored)?.toISOString()).toBe(instant);
  });

  test.each([null, undefined, '', 'yesterday', '2025-13-01T00:00:00'])('returns null for %j', (stored) => {
    expect(fromGraphTime(stored)).toBeNull();
  });
});

describe('toDate', () => {
  test.each(['2025-01-01T00:00:00+00:00', '2025-01-01T01:00:00.123456+02:00', '2025-01-01T00:00:00'])(
    'returns a Date that prints as it is stored: %s',
    (stored) => {
      const date = toDate(stored);

      expect(date).toStrictEqual(fromGraphTime(stored));
      expect(JSON.stringify({ date })).toBe(JSON.stringify({ date: stored }));
      expect(timeText(date)).toBe(stored);
      expect(day(date)).toBe('2025-01-01');
    },
  );

  test('returns an invalid Date for other text, and keeps the text', () => {
    expect(toDate('yesterday').getTime()).toBeNaN();
    expect(timeText(toDate('yesterday'))).toBe('yesterday');
  });

  test('returns a Date that prints the new time once it is changed', () => {
    const date = toDate('2025-01-01T00:00:00.123456+00:00');

    date.setUTCFullYear(2026);

    expect(timeText(date)).toBe('2026-01-01T00:00:00.123Z');
  });
});

describe('parseTime', () => {
  test.each([
    ['2025-03-01', '2025-03-01T00:00:00.000Z'],
    [' 2025-03-01 ', '2025-03-01T00:00:00.000Z'],
    ['2025-03-01 08:30', '2025-03-01T08:30:00.000Z'],
    ['2025-03-01T08:30:15.5Z', '2025-03-01T08:30:15.500Z'],
    ['2025-03-01T08:30+0530', '2025-03-01T03:00:00.000Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000Z'],
    ['0001-01-01', '0001-01-01T00:00:00.000Z'],
  ])('reads %j', (text, instant) => {
    expect(parseTime(text, 'it').toISOString()).toBe(instant);
  });

  test.each([
    ...['', 'yesterday', '2025', '2025-02', '2025-02-29', '2025-02-31', '2025-04-31', '2025-00-01', '2025-13-01'],
    ...['2025-01-01T24:00', '2025-01-01 25:00', '2025-01-01T08:60', '2025-01-01Z', '01/02/2025', '1735689600'],
    ...['2025-01-01T08:30+25:00', '2025-01-01; DROP', '２０２５-01-01'],
  ])('rejects %j and names it', (text) => {
    expect(() => parseTime(text, '--as-of')).toThrow(InvalidInputError);
    expect(() => parseTime(text, '--as-of')).toThrow(`--as-of "${text}" is not a date; write it like 2026-11-22`);
  });
});

test.each([new Date('rubbish'), new Date(8.64e15), new Date(-1e15), '2025-01-01' as unknown as Date])(
  'checkTime rejects %s, which does not sort correctly as text',
  (date) => {
    expect(() => checkTime(date, 'The time')).toThrow('The time must be a valid Date of the years 0 to 9999.');
  },
);

test('timestamp is valid in a file name', () => {
  expect(timestamp(new Date('2025-01-01T08:30:00.007Z'))).toBe('2025-01-01T08-30-00.007Z');
});
