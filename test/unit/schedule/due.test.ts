import { expect, test } from 'vitest';
import { runDueTicks, type ScheduleState } from '../../../src/schedule/run-due-ticks.ts';
import { openTicks } from '../../../src/schedule/ticks.ts';

const ticks = openTicks('0 3 * * *', 'UTC');
const night = (day: number) => new Date(Date.UTC(2026, 10, day, 3));

/** What three schedulers would share, and a clock that the test sets. */
function newSchedule(last: Date | null) {
  const noted = { now: new Date(0), last, next: null as Date | null };
  const served: Date[] = [];
  const mark: ScheduleState = {
    read: async () => ({ now: noted.now, last: noted.last }),
    async advance(to, next) {
      if (!noted.last || noted.last < to) Object.assign(noted, { last: to, next });
    },
  };
  const at = (time: string, serve = async (tick: Date) => void served.push(tick), own = mark) => {
    noted.now = new Date(`2026-11-${time}`);
    return runDueTicks(ticks, own, serve);
  };
  return { noted, served, mark, at };
}

test('the first check serves nothing and records the current time', async () => {
  const { noted, served, at } = newSchedule(null);

  expect(await at('22T08:30Z')).toBeUndefined();

  expect(served).toEqual([]);
  expect(noted).toMatchObject({ last: night(22), next: night(23) });
});

test('a tick is served once, when it is due', async () => {
  const { served, at } = newSchedule(night(22));

  for (const time of ['22T08:30Z', '23T02:59:59.999Z', '23T03:00Z', '23T03:00:10Z', '23T23:00Z']) await at(time);

  expect(served).toEqual([night(23)]);
});

test('only the latest of many missed ticks is served', async () => {
  const { served, noted, at } = newSchedule(night(2));

  expect(await at('22T08:30Z')).toEqual(night(22));

  expect(served).toEqual([night(22)]);
  expect(noted.next).toEqual(night(23));
});

test('a tick that could not be served stays due', async () => {
  const { served, at } = newSchedule(night(22));
  const fail = () => Promise.reject(new Error('Valkey does not answer.'));

  await expect(at('23T03:00Z', fail)).rejects.toThrow();
  await at('23T03:00:10Z');

  expect(served).toEqual([night(23)]);
});

test('if a scheduler dies after serving a tick and before recording it, the next one serves the same tick again', async () => {
  const { served, mark, at } = newSchedule(night(22));
  const dies: ScheduleState = { ...mark, advance: () => Promise.reject(new Error('killed')) };

  await expect(at('23T03:00Z', async (tick) => void served.push(tick), dies)).rejects.toThrow();
  await at('23T03:00:10Z');

  expect(served).toEqual([night(23), night(23)]);
});
