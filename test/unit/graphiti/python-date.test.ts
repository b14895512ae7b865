import { describe, expect, test } from 'vitest';
import { toGraphTime } from '../../../src/time.ts';
import { isPythonThere, pythonNote, pythonReads } from '../../support/graphiti/python.ts';
import { pythonDate } from '../../support/graphiti/python-date.ts';

describe("the port of Python 3.10's datetime.fromisoformat", () => {
  test.each([
    ['2025-01-01T00:00:00+00:00', '2025-01-01T00:00:00.000Z'],
    ['2025-01-01T00:00:00.123456+00:00', '2025-01-01T00:00:00.123Z'],
    ['2025-01-01T00:00:00.123+00:00', '2025-01-01T00:00:00.123Z'],
    ['2025-01-01T00:00:00', '2025-01-01T00:00:00.000Z'],
    ['2025-01-01', '2025-01-01T00:00:00.000Z'],
    ['2025-01-01 08:30', '2025-01-01T08:30:00.000Z'],
    ['2025-01-01T08:30:00+05:30', '2025-01-01T03:00:00.000Z'],
    ['2024-02-29T00:00:00-01:00', '2024-02-29T01:00:00.000Z'],
    ['0001-01-01T00:00:00+00:00', '0001-01-01T00:00:00.000Z'],
  ])('reads %s', (text, instant) => {
    expect(new Date(pythonDate(text) ?? Number.NaN).toISOString()).toBe(instant);
  });

  test.each([
    ...['', 'now', '2025-01-01T00:00:00Z', '2025-01-01T00:00:00.1+00:00', '2025-01-01T00:00:00.12345678+00:00'],
    ...[
      '2025-01-01T00:00:00+0000',
      '2025-01-01T00:00:00+00',
      '20250101T000000',
      '2025-02-29',
      '2025-13-01',
      '2025-00-01',
    ],
    ...['2025-01-01T24:00:00', '2025-01-01T00:60', '2025-01-01T00:00:60', '2025-01-01T00:00:00+24:00', '0000-01-01'],
    ...['2025-01-01T', '2025-01-01T00:00:00+00:00 ', '２０２５-01-01'],
  ])('raises an error on %j', (text) => {
    expect(pythonDate(text)).toBeUndefined();
  });
});

test.skipIf(!isPythonThere)(`Python writes the dates that we write unchanged after reading them${pythonNote}`, () => {
  const instants = [0, 1, 999, 120, 1_000, 86_399_999, Date.UTC(1999, 11, 31, 23, 59, 59, 7), Date.UTC(9999, 11, 31)];
  const dates = [...instants.map((time) => new Date(time)), new Date('0001-01-01T00:00:00Z')].map(toGraphTime);

  expect(pythonReads(dates)).toEqual(dates.map((date) => `${date} 0:00:00`));
  expect(pythonReads(['2025-02-30T00:00:00+00:00'])).toEqual(['ValueError']);
});
