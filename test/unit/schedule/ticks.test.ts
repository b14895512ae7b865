import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import { openTicks, type Ticks } from '../../../src/schedule/ticks.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/time.ts';
import { random } from '../../support/random.ts';

/** `2026-03-29T01:00Z`, as many ticks as there are from one instant up to another. */
function ticksBetween(ticks: Ticks, from: string, to: string): string[] {
  const found: string[] = [];
  for (let at = ticks.next(new Date(Date.parse(from) - 1)); at < new Date(to); at = ticks.next(at))
    found.push(at.toISOString().replace(':00.000Z', 'Z'));
  return found;
}

describe('a night with a clock change', () => {
  test.each([
    [
      'a time that the clocks skip is due once, right after the change',
      { cron: '30 2 * * *', zone: 'Europe/Berlin', from: '2026-03-28T00:00Z', to: '2026-03-31T00:00Z' },
      ['2026-03-28T01:30Z', '2026-03-29T01:00Z', '2026-03-30T00:30Z'],
    ],
    [
      'a time that occurs twice is due once, the first time',
      { cron: '30 2 * * *', zone: 'Europe/Berlin', from: '2026-10-24T00:00Z', to: '2026-10-27T00:00Z' },
      ['2026-10-24T00:30Z', '2026-10-25T00:30Z', '2026-10-26T01:30Z'],
    ],
    [
      'New York changes at other hours',
      { cron: '30 2 * * *', zone: 'America/New_York', from: '2026-03-07T00:00Z', to: '2026-03-10T00:00Z' },
      ['2026-03-07T07:30Z', '2026-03-08T07:00Z', '2026-03-09T06:30Z'],
    ],
    [
      'New York, back',
      { cron: '30 1 * * *', zone: 'America/New_York', from: '2026-10-31T00:00Z', to: '2026-11-03T00:00Z' },
      ['2026-10-31T05:30Z', '2026-11-01T05:30Z', '2026-11-02T06:30Z'],
    ],
    [
      'Lord Howe changes by half an hour',
      { cron: '15 2 * * *', zone: 'Australia/Lord_Howe', from: '2026-10-02T12:00Z', to: '2026-10-05T12:00Z' },
      ['2026-10-02T15:45Z', '2026-10-03T15:30Z', '2026-10-04T15:15Z'],
    ],
    [
      'Lord Howe, back',
      { cron: '45 1 * * *', zone: 'Australia/Lord_Howe', from: '2026-04-03T12:00Z', to: '2026-04-06T12:00Z' },
      ['2026-04-03T14:45Z', '2026-04-04T14:45Z', '2026-04-05T15:15Z'],
    ],
    [
      'midnight itself may not exist',
      { cron: '0 0 * * *', zone: 'America/Sao_Paulo', from: '2018-11-03T00:00Z', to: '2018-11-06T00:00Z' },
      ['2018-11-03T03:00Z', '2018-11-04T03:00Z', '2018-11-05T02:00Z'],
    ],
    [
      'a whole day may not exist, and is made up after the change',
      { cron: '0 3 * * *', zone: 'Pacific/Apia', from: '2011-12-29T00:00Z', to: '2012-01-01T00:00Z' },
      ['2011-12-29T13:00Z', '2011-12-30T10:00Z', '2011-12-30T13:00Z', '2011-12-31T13:00Z'],
    ],
    [
      'every half hour: skipped times are due together, and none twice',
      { cron: '*/30 * * * *', zone: 'Europe/Berlin', from: '2026-03-29T00:30Z', to: '2026-03-29T02:00Z' },
      ['2026-03-29T00:30Z', '2026-03-29T01:00Z', '2026-03-29T01:30Z'],
    ],
    [
      'every half hour: the repeated hour is left out',
      { cron: '*/30 * * * *', zone: 'Europe/Berlin', from: '2026-10-25T00:00Z', to: '2026-10-25T02:31Z' },
      ['2026-10-25T00:00Z', '2026-10-25T00:30Z', '2026-10-25T02:00Z', '2026-10-25T02:30Z'],
    ],
  ])('%s', (_what, { cron, zone, from, to }, expected) => {
    expect(ticksBetween(openTicks(cron, zone), from, to)).toEqual(expected);
  });
});

test.each([
  ['UTC', '2026-11-22T03:00Z'],
  ['Asia/Kolkata', '2026-11-22T21:30Z'],
  ['Asia/Kathmandu', '2026-11-22T21:15Z'],
  ['Pacific/Kiritimati', '2026-11-22T13:00Z'],
])('03:00 in %s', (zone, expected) => {
  const [first] = ticksBetween(openTicks('0 3 * * *', zone), '2026-11-22T00:00Z', '2026-11-23T00:00Z');

  expect(first).toBe(expected);
});

test('29 February comes every four years', () => {
  const ticks = openTicks('0 3 29 2 *', 'UTC');

  expect(ticksBetween(ticks, '2023-01-01T00:00Z', '2033-01-01T00:00Z')).toEqual([
    '2024-02-29T03:00Z',
    '2028-02-29T03:00Z',
    '2032-02-29T03:00Z',
  ]);
  expect(ticks.latest(new Date('2027-11-22T08:30Z'))).toEqual(new Date('2024-02-29T03:00Z'));
});

test.each([
  ['0 3 * * *', 'Europe/Berlin', DAY],
  ['*/20 * * * *', 'America/New_York', HOUR],
  ['15,45 1,2 * * *', 'Australia/Lord_Howe', DAY],
  ['0 0 * * 7', 'America/Sao_Paulo', 7 * DAY],
  ['7 */6 1 * *', 'Asia/Kolkata', 20 * DAY],
])('going forwards and backwards gives the same ticks: %s in %s', (cron, zone, spread) => {
  const ticks = openTicks(cron, zone);
  const chance = random(5);
  const transitions = ['2026-03-29T01:00Z', '2026-10-25T01:00Z', '2026-03-08T07:00Z', '2026-11-01T06:00Z'];
  const others = ['2026-10-03T15:30Z', '2026-04-04T15:00Z', '2018-11-04T03:00Z', '2018-02-18T02:00Z'];

  for (const middle of [...transitions, ...others].map((text) => Date.parse(text)))
    for (let i = 0; i < 60; i += 1) {
      const instant = new Date(middle + Math.round(((chance() - 0.5) * 2 * spread) / SECOND) * SECOND);
      const [latest, next] = [ticks.latest(instant), ticks.next(instant)];
      expect(latest.getTime()).toBeLessThanOrEqual(instant.getTime());
      expect(next.getTime()).toBeGreaterThan(instant.getTime());
      // Between the two there is none.
      expect(ticks.next(latest)).toEqual(next);
      expect(ticks.latest(new Date(next.getTime() - 1))).toEqual(latest);
      expect(ticks.latest(next)).toEqual(next);
    }
});

test('a clock that is minutes off gives the same tick, early or late', () => {
  const ticks = openTicks('0 3 * * *', 'Europe/Berlin');
  const tick = ticks.next(new Date('2026-11-22T00:00Z'));

  for (const skew of [-10, 0, 10])
    expect(ticks.latest(new Date(tick.getTime() + 11 * MINUTE + skew * MINUTE))).toEqual(tick);
});

test.each(['61 * * * *', '0 3 31 2 *', 'every night'])('"%s" is rejected by name', (cron) => {
  const open = () => openTicks(cron, 'UTC');

  expect(open).toThrow(ConfigError);
  expect(open).toThrow(/^MEMORY_EXPORT_CRON is ".*", which cannot be used: write it like "0 3 \* \* \* ?"/);
});
