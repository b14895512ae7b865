import { describe, expect, test } from 'vitest';
import { passesFactFilter } from '../../../src/graph/queries/filter-conditions.ts';
import { factHoldsAt, instant, isAfter, timesAsKnown } from '../../../src/graph/queries/time-conditions.ts';
import { hasMetadata, metadataFragments } from '../../../src/search/filters.ts';
import { searchWidening } from '../../../src/search/recipes/widening.ts';

const at = (text: string) => instant(new Date(text));
const times = { validAt: null, invalidAt: null, createdAt: '2025-01-01T00:00:00+00:00', expiredAt: null };

describe('stored times', () => {
  test.each([
    ['2025-01-01T00:00:00.000001+00:00', true],
    ['2025-01-01T00:00:00+00:00', false],
    ['2025-01-01T01:00:00+02:00', false],
    ['2024-12-31T23:00:00-02:00', true],
    ['2025-01-01T00:00:01Z', true],
    ['2025-01-01T00:00:00', false],
    ['rubbish', false],
    ['', false],
    [null, false],
  ])('%s is after new year: %s', (text, expected) => {
    expect(isAfter(text, at('2025-01-01'))).toBe(expected);
  });

  test('the first and the last supported year have a margin of a day', () => {
    expect(at('0000-01-01T00:00:00Z').dayBefore < at('0000-01-01T00:00:00Z').at).toBe(true);
    expect(at('9999-12-31T12:00:00Z').dayAfter > '9999-12-31T23:59:59.999999+00:00').toBe(true);
  });

  test('an end learned later does not count before that time, and an unreadable end is ignored', () => {
    const ended = { ...times, invalidAt: '2025-02-01T00:00:00+00:00', expiredAt: '2025-03-01T00:00:00+00:00' };

    expect(factHoldsAt(ended, { asOf: at('2025-04-01') })).toBe(false);
    expect(factHoldsAt(ended, { asOf: at('2025-04-01'), knownAt: at('2025-02-15') })).toBe(true);
    expect(factHoldsAt(ended, { asOf: at('2025-04-01'), knownAt: at('2025-03-01') })).toBe(false);
    expect(factHoldsAt({ ...ended, expiredAt: null }, { asOf: at('2025-04-01'), knownAt: at('2025-02-15') })).toBe(
      false,
    );
    expect(factHoldsAt({ ...times, invalidAt: 'some day' }, { asOf: at('2025-04-01') })).toBe(true);
  });

  const [end, learned] = ['2025-02-01T00:00:00+00:00', '2025-03-01T00:00:00+00:00'];
  test.each([
    ['now', undefined, learned, end],
    ['before the end was learned', '2025-02-28T23:59:59Z', learned, null],
    ['at the moment the end was learned', '2025-03-01', learned, end],
    [
      'for an end with another offset, before it was learned',
      '2025-02-28T21:59:59Z',
      '2025-03-01T00:00:00+02:00',
      null,
    ],
    ['for an end with another offset, when it was learned', '2025-02-28T22:00:00Z', '2025-03-01T00:00:00+02:00', end],
    ['for an end that was always known', '2020-01-01', null, end],
  ])('the end of a fact %s', (_, knownAt, expiredAt, expected) => {
    const moment = { asOf: at('2025-04-01'), ...(knownAt !== undefined && { knownAt: at(knownAt) }) };
    const known = timesAsKnown({ ...times, invalidAt: end, expiredAt }, moment);

    expect([known.invalidAt, known.expiredAt]).toEqual([expected, expected && expiredAt]);
  });

  test.each([
    ['isSet: true', { isSet: true }, [false, true]],
    ['isSet: false', { isSet: false }, [true, false]],
    ['a period', { from: at('2025-01-01') }, [false, true]],
  ])('a filter on the end with %s sees an end only once it was learned', (_, range, expected) => {
    const ended = { ...times, invalidAt: end, expiredAt: learned };
    const passes = (knownAt: string) =>
      passesFactFilter(
        ended,
        { asOf: at('2025-04-01'), knownAt: at(knownAt), alsoEnded: true },
        { dates: [{ field: 'invalidAt', ...range }] },
      );

    expect([passes('2025-02-15'), passes('2025-03-01')]).toEqual(expected);
  });

  test('a missing date is in no range', () => {
    const fits = (range: object) =>
      passesFactFilter(times, { asOf: at('2025-04-01') }, { dates: [{ field: 'validAt', ...range }] });

    expect(fits({ before: at('2030-01-01') })).toBe(false);
    expect(fits({ from: at('2020-01-01') })).toBe(false);
    expect(fits({ isSet: false })).toBe(true);
  });
});

describe('metadata', () => {
  const json = JSON.stringify({ file: 'a"b\\c', line: 12, ok: true, none: null, tags: ['x', 7], deep: { a: 1 } });

  test.each([
    ['file', 'a"b\\c', true],
    ['line', '12', true],
    ['ok', 'true', true],
    ['none', 'null', true],
    ['tags', 'x', true],
    ['tags', '7', true],
    ['tags', 'x,7', false],
    ['deep', '[object Object]', false],
    ['missing', 'undefined', false],
    ['toString', 'x', false],
  ])('%s is %s: %s', (key, value, expected) => {
    expect(hasMetadata(json, [[key, value]])).toBe(expected);
    // What the graph looks for by itself must never leave out what passes.
    if (expected) for (const fragment of metadataFragments([[key, value]])) expect(json).toContain(fragment);
  });

  test('all pairs must match', () => {
    expect(
      hasMetadata(json, [
        ['line', '12'],
        ['ok', 'false'],
      ]),
    ).toBe(false);
    expect(hasMetadata(undefined, [['line', '12']])).toBe(false);
  });
});

describe('widening the search', () => {
  const all = Array.from({ length: 10_000 }, (_, index) => index);
  async function ask(pass: (row: number) => boolean, isFiltered = false) {
    const asked: number[] = [];
    const rows = await searchWidening({
      fetch: async (count) => {
        asked.push(count);
        return isFiltered ? all.slice(0, count).filter(pass) : all.slice(0, count);
      },
      passing: async (found) => found.filter(pass),
      limit: 20,
      isFiltered,
    });
    return { rows, asked };
  }

  test('fetches once when every row passes', async () => {
    expect(await ask(() => true)).toEqual({ rows: all.slice(0, 20), asked: [20] });
  });

  test.each([false, true])('fetches more until enough rows pass (filtered in the query: %s)', async (isFiltered) => {
    const { rows, asked } = await ask((row) => row % 100 === 99, isFiltered);

    expect(asked).toEqual([20, 160, 1280]);
    expect(rows).toHaveLength(12);
  });

  test('stops when nothing passes', async () => {
    expect(await ask(() => false)).toEqual({ rows: [], asked: [20, 160, 1280, 4096] });
  });
});
