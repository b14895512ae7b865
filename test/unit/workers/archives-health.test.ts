import { expect, test } from 'vitest';
import type { NightlyOutcome, NightlyState } from '../../../src/queue/nightly-exports.ts';
import { DAY, HOUR } from '../../../src/time.ts';
import { gradeArchives } from '../../../workers/health.ts';

const NOW = Date.parse('2026-11-29T12:00Z');
const LAST = Date.parse('2026-11-29T03:00Z');
const done = (groups: number, rest: Partial<NightlyOutcome> = {}): NightlyOutcome => ({
  groups,
  done: groups,
  failed: 0,
  ...rest,
});
const night = (rest: Partial<NightlyState> = {}): NightlyState => ({
  ...{ last: new Date(LAST), next: new Date(LAST + DAY), outcome: done(2), groups: ['a', 'b'], isPending: false },
  ...rest,
});
const proven = (at: number) => ({ verified: { at: new Date(at), file: 'a.json' }, failed: null });
const drills = [proven(LAST + HOUR)];

test.each<[string, NightlyState, ReturnType<typeof proven>[], number, RegExp, string[]?]>([
  [
    'a night that failed for one memory',
    night({ outcome: done(8, { done: 7, failed: 1 }) }),
    drills,
    NOW,
    /for 1 of 8 memories/,
  ],
  ['an unfinished night', night({ outcome: done(8, { done: 5 }) }), drills, NOW, /has done 5 of 8 memories/],
  [
    'a night that no worker processed',
    night({ outcome: null, isPending: true }),
    drills,
    NOW,
    /has done 0 of its memories/,
  ],
  [
    'a night that failed as a whole',
    night({ outcome: done(0, { error: 'No.' }) }),
    drills,
    NOW,
    /failed before any memory/,
  ],
  [
    'a night that never started',
    night(),
    drills,
    LAST + DAY + 3 * HOUR,
    /due at 2026-11-30T03:00:00.000Z has not begun/,
  ],
  [
    'a night that exported nothing although memories exist',
    night({ outcome: done(0), groups: [] }),
    [],
    NOW,
    /left out 2 memories .*`memory-manager export --group a`/,
    ['a', 'b'],
  ],
  [
    'a night that left out a memory',
    night(),
    drills,
    NOW,
    /left out 1 memory that a journal or restore test shows; .*--group c/,
    ['c'],
  ],
  ['no restore test for 26 hours', night(), [proven(NOW - 27 * HOUR)], NOW, /of any memory was proven for 27 hours/],
  [
    'an archive that cannot be restored',
    night({ next: null }),
    [{ verified: null, failed: { at: new Date(NOW), file: 'a.json', said: 'No.' } } as never],
    NOW,
    /of 1 memory cannot be restored/,
  ],
])('%s is red', (_, last, drills, now, said, missed) => {
  expect(gradeArchives(last, drills, now, missed)).toEqual({ status: 'red', message: expect.stringMatching(said) });
});

test.each<[string, NightlyState, ReturnType<typeof proven>[], number]>([
  ['a complete night', night(), drills, NOW],
  ['a night in progress', night({ outcome: done(8, { done: 5 }) }), drills, LAST + HOUR],
  ['a restore test 25 hours ago', night(), [proven(NOW - 25 * HOUR)], NOW],
  ['a weekly schedule', night({ next: new Date(LAST + 7 * DAY) }), [proven(NOW - 6 * DAY)], NOW],
  ['a disabled schedule', night({ next: null, outcome: null }), [proven(NOW - 90 * DAY)], NOW],
])('%s is ok', (_, last, drills, now) => {
  expect(gradeArchives(last, drills, now)?.status).toBe('ok');
});

test('a night without memories has no status', () => {
  expect(gradeArchives(night({ outcome: done(0), groups: [] }), [], NOW)).toBeUndefined();
});

test('there is no status before the first night', () => {
  expect(gradeArchives(night({ outcome: null }), [], LAST + HOUR)).toBeUndefined();
  expect(gradeArchives(night({ last: null, next: null, outcome: null }), [], NOW)).toBeUndefined();
});
