import { CronExpressionParser } from 'cron-parser';
import { ConfigError } from '../errors.ts';
import { DAY, SECOND } from '../time.ts';

/**
 * The local ("wall") time of a time zone. A wall time is represented by the instant at which clocks in UTC show the same time, in
 * milliseconds since 1970.
 */
export interface Zone {
  /** The wall time at an instant. */
  wallAt(instant: number): number;
  /**
   * The instant of a wall time: the first one if clocks show it twice, and the moment after the change if they skip it. So a later wall time
   * never has an earlier instant.
   */
  instantOf(wall: number): number;
}

/** @throws RangeError when there is no such time zone */
export function openZone(name: string): Zone {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    hourCycle: 'h23',
    ...{ year: 'numeric', month: 'numeric', day: 'numeric' },
    ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
  });

  function wallAt(instant: number): number {
    const parts = new Map(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
    const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
    const [year, month, day] = [part('year'), part('month') - 1, part('day')];
    return Date.UTC(year, month, day, part('hour'), part('minute'), part('second')) + modulo(instant, SECOND);
  }
  const offset = (instant: number) => wallAt(instant) - instant;

  return {
    wallAt,
    instantOf(wall) {
      // No zone changes its clocks twice within two days.
      const [before, after] = [wall - offset(wall - DAY), wall - offset(wall + DAY)];
      const shown = [before, after].filter((instant) => wallAt(instant) === wall);
      return shown.length > 0 ? Math.min(...shown) : leapBetween(after, before, offset);
    },
  };
}

/** The first moment, to the second, after clocks were set forward. */
function leapBetween(from: number, to: number, offset: (instant: number) => number): number {
  const leapt = offset(to);
  let [early, late] = [Math.floor(from / SECOND), Math.ceil(to / SECOND)];
  while (late - early > 1) {
    const middle = Math.floor((early + late) / 2);
    if (offset(middle * SECOND) === leapt) late = middle;
    else early = middle;
  }
  return late * SECOND;
}

const modulo = (number: number, by: number): number => ((number % by) + by) % by;

/** The ticks of a cron expression in a time zone. All processes compute the same instants. */
export interface Ticks {
  /** The last tick at or before an instant. */
  latest(instant: Date): Date;
  /** The first tick after an instant. */
  next(instant: Date): Date;
}

/**
 * The cron expression is evaluated in wall times, not instants: around clock changes cron-parser 5.10 returns different instants backwards
 * and forwards, and it fails for changes of half an hour. A wall time that clocks skip is due right after the change; a wall time that they
 * show twice is due the first time.
 * @param cron five fields
 * @throws ConfigError when it cannot be read or is never due
 */
export function openTicks(cron: string, timeZone: string): Ticks {
  const zone = openZone(timeZone);
  // The library takes dates, so wall times are passed as dates in UTC.
  const from = (wall: number) => CronExpressionParser.parse(cron, { currentDate: new Date(wall), tz: 'UTC' });
  const after = (wall: number) => from(wall).next().getTime();
  const before = (wall: number) => from(wall).prev().getTime();

  function next(instant: Date): Date {
    let wall = after(zone.wallAt(instant.getTime()));
    // When clocks show an hour a second time, its ticks were due the first time.
    while (zone.instantOf(wall) <= instant.getTime()) wall = after(wall);
    return new Date(zone.instantOf(wall));
  }

  function latest(instant: Date): Date {
    const now = zone.wallAt(instant.getTime());
    const repeated = instant.getTime() - zone.instantOf(now);
    let wall = before(now + repeated + 1);
    while (zone.instantOf(wall) > instant.getTime()) wall = before(wall);
    return new Date(zone.instantOf(wall));
  }

  try {
    next(new Date());
  } catch (error) {
    throw new ConfigError(
      `MEMORY_EXPORT_CRON is "${cron}", which cannot be used: write it like "0 3 * * *" (minute, hour, day, month, day of the week), or off.`,
      { cause: error },
    );
  }
  return { latest, next };
}
