import { expect, test } from 'vitest';
import {
  density,
  includes,
  lineOn,
  linesOf,
  stepped,
  ticksOf,
  timeOfParam,
  timeParam,
  zoomed,
} from '../../../page/timeline-model.ts';

const fact = (
  uuid: string,
  times: Partial<Record<'validAt' | 'invalidAt' | 'createdAt' | 'expiredAt', string>>,
  replacedBy: string | null = null,
) => ({
  ...{ uuid, fact: uuid, source: 'Harbor', sourceUuid: 'harbor', replacedBy, replacement: replacedBy, ruleOf: null },
  ...{ sources: [], sourceCount: 0, endSources: [] },
  ...{ validAt: null, invalidAt: null, createdAt: null, expiredAt: null },
  ...times,
});
const day = (text: string) => Date.parse(`${text}T12:00:00`);

test("a fact's period as known on a day ends only once the end was learned", () => {
  const [line] = linesOf([
    fact('redis', { validAt: '2025-01-10', invalidAt: '2025-03-01', createdAt: '2025-02-01', expiredAt: '2025-05-01' }),
  ]);
  const on = (mode: 'true' | 'known') =>
    ['2025-01-20', '2025-02-20', '2025-04-01', '2025-06-01'].map(
      (text) => line && includes(line.shown[mode], day(text)),
    );

  expect(on('true')).toEqual([true, true, false, false]);
  expect(on('known')).toEqual([false, true, true, false]);
});

test.each([
  ['true', '2025-04-01', '2025-03-01', 1],
  ['known', '2025-04-01', null, undefined],
  ['known', '2025-06-01', '2025-03-01', 1],
] as const)('in the "%s" view on %s the end of a fact is %s', (mode, on, invalidAt, next) => {
  const lines = linesOf([
    fact(
      'redis',
      { validAt: '2025-01-10', invalidAt: '2025-03-01', createdAt: '2025-02-01', expiredAt: '2025-05-01' },
      'valkey',
    ),
    fact('valkey', { validAt: '2025-03-01', createdAt: '2025-05-01' }),
  ]);
  const [line] = lines.map((one) => lineOn(one, mode, day(on)));

  expect([line?.fact.invalidAt, line?.fact.expiredAt !== null, line?.next]).toEqual([
    invalidAt,
    invalidAt !== null,
    next,
  ]);
  // The bars are open at the end exactly if the text names no end.
  expect([line?.held.to, line?.known.to].map((time) => time === Infinity)).toEqual([
    invalidAt === null,
    invalidAt === null,
  ]);
});

test('moving the date reuses unchanged lines, so that their rows are not redrawn', () => {
  const [line] = linesOf([
    fact('redis', { validAt: '2025-01-10', invalidAt: '2025-03-01', createdAt: '2025-02-01', expiredAt: '2025-05-01' }),
  ]);
  const on = (text: string) => line && lineOn(line, 'known', day(text));

  expect(on('2025-03-01')).toBe(on('2025-04-01'));
  expect(on('2025-06-01')).toBe(line);
});

test('a fact without an end is current even if it has an expiry; a fact without a beginning always held', () => {
  const [open] = linesOf([fact('open', { createdAt: '2025-02-01', expiredAt: '2025-05-01' })]);

  expect(open && includes(open.held, day('1900-01-01'))).toBe(true);
  expect(open && includes(open.shown.known, day('2026-01-01'))).toBe(true);
});

test('a replacement follows the fact that it replaces, and cycles of replacements end', () => {
  const lines = linesOf([fact('a', {}, 'c'), fact('b', {}), fact('c', {}, 'a')]);

  expect(lines.map(({ fact, next }) => [fact.uuid, next])).toEqual([
    ['a', 1],
    ['c', 0],
    ['b', undefined],
  ]);
});

test('the density counts the facts that hold at each time', () => {
  const lines = linesOf([
    fact('always', {}),
    fact('first', { validAt: '1970-01-01T00:00:00.000Z', invalidAt: '1970-01-01T00:00:00.050Z' }),
  ]);

  expect(density(lines, 'true', { from: 0, to: 100 }, 4)).toEqual([2, 2, 1, 1]);
});

test('zooming keeps the time under the pointer, within limits', () => {
  const hour = 3_600_000;
  expect(zoomed({ from: 0, to: 4 * hour }, 0.5, hour)).toEqual({ from: hour / 2, to: 2.5 * hour });
  const least = zoomed({ from: 0, to: 4 * hour }, 1e-9, 0);
  expect(least.to - least.from).toBe(hour / 6);
});

test('steps are calendar days, even across a clock change, and the URL contains the day', () => {
  const view = { from: 0, to: 365 * 86_400_000 };
  const march = timeOfParam('2025-03-29') ?? 0;

  expect(timeParam(stepped(march, 2, false, view))).toBe('2025-03-31');
  expect(timeParam(stepped(march, 1, true, view))).toBe('2025-04-29');
  expect(timeOfParam('never')).toBe(undefined);
});

test.each([0.1, 5, 400, 4000, 100_000])('the ticks of %d days are few, in order and in range', (days) => {
  const span = { from: day('2025-03-01'), to: day('2025-03-01') + days * 86_400_000 };
  const ticks = ticksOf(span, 8);

  expect(ticks.length).toBeGreaterThan(0);
  expect(ticks.length).toBeLessThanOrEqual(9);
  expect(ticks.map(({ at }) => at)).toEqual(ticks.map(({ at }) => at).sort((a, b) => a - b));
  expect(ticks.every(({ at }) => at >= span.from && at <= span.to)).toBe(true);
});
