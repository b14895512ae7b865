import { getTasks } from 'node-cron';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { loadConfig } from '../../../src/config.ts';
import type { NightlyExports } from '../../../src/queue/nightly-exports.ts';
import { DAY, MINUTE, SECOND } from '../../../src/time.ts';
import { openScheduler } from '../../../workers/scheduler.ts';

const BEGIN = new Date('2026-11-29T12:00:30Z');
beforeEach(() => {
  vi.useFakeTimers({ now: BEGIN });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A worker that keeps the schedule, by a clock that the test turns; Valkey's is the same but for `ahead`. */
async function start(cron: string, { ahead = 0 } = {}) {
  const served: Date[] = [];
  let last: Date | null = null;
  const nights = {
    schedule: {
      read: async () => ({ now: new Date(Date.now() + ahead), last }),
      advance: async (tick: Date) => {
        last = tick;
      },
    },
    add: async (tick: Date) => void served.push(tick),
    noteNext: async () => {},
  } as unknown as NightlyExports;
  const config = { ...loadConfig({}), nightly: { cron, timeZone: 'UTC' } };
  const stop = await openScheduler(config).start(nights);
  const stepped: unknown[] = [];
  for (const task of getTasks().values()) task.on('execution:missed', (it) => void stepped.push(it));
  return { served, stepped, stop };
}

const inUtc = (dates: readonly Date[]) => dates.map((date) => date.toISOString());

describe('a schedule', () => {
  test('runs each tick when it is due', async () => {
    const { served, stop } = await start('0 * * * *');

    await vi.advanceTimersByTimeAsync(59 * MINUTE + 29 * SECOND);
    expect(served).toEqual([]);
    await vi.advanceTimersByTimeAsync(1 * SECOND);
    expect(inUtc(served)).toEqual(['2026-11-29T13:00:00.000Z']);
    await vi.advanceTimersByTimeAsync(60 * MINUTE);

    expect(inUtc(served)).toEqual(['2026-11-29T13:00:00.000Z', '2026-11-29T14:00:00.000Z']);
    await stop();
    expect(getTasks().size).toBe(0);
  });

  test.each([30, 400])('whose clock jumps %i days ahead runs one tick and none in between', async (days) => {
    const { served, stepped, stop } = await start('* * * * *');

    vi.setSystemTime(Date.now() + days * DAY);
    await vi.advanceTimersByTimeAsync(59 * SECOND);

    const [first = new Date(0), ...others] = served;
    expect(first.getTime()).toBe(BEGIN.getTime() - 30 * SECOND + days * DAY);
    expect(others).toHaveLength(1);
    expect(stepped.length).toBeLessThanOrEqual(2);
    await stop();
  });

  test('continues when its clock is set back', async () => {
    const { served, stop } = await start('* * * * *');

    vi.setSystemTime(Date.now() - 30 * DAY);
    await vi.advanceTimersByTimeAsync(10 * MINUTE);
    expect(served).toEqual([]);
    vi.setSystemTime(BEGIN.getTime() + 5 * MINUTE);
    await vi.advanceTimersByTimeAsync(20 * SECOND);

    expect(inUtc(served)).toEqual(['2026-11-29T12:05:00.000Z']);
    await stop();
  });

  test('follows Valkey’s clock when its own is wrong', async () => {
    const { served, stop } = await start('0 * * * *', { ahead: -30 * MINUTE });

    await vi.advanceTimersByTimeAsync(80 * MINUTE);
    expect(inUtc(served)).toEqual(['2026-11-29T12:00:00.000Z']);
    await vi.advanceTimersByTimeAsync(10 * MINUTE);

    expect(inUtc(served).slice(1)).toEqual(['2026-11-29T13:00:00.000Z']);
    await stop();
  });
});
