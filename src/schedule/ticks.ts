import { CronExpressionParser } from 'cron-parser';
import { ConfigError } from '../errors.ts';
import { openZone } from './wall-time.ts';

/** When something is due. Follows from the cron expression and the time zone alone, so that whoever asks gets the same instants. */
export interface Ticks {
  /** The last one at or before an instant. */
  latest(instant: Date): Date;
  /** The first one after an instant. */
  next(instant: Date): Date;
}

/**
 * The expression is asked for wall times and never for instants: cron-parser 5.10 gives other instants backwards than forwards where
 * clocks are set, and fails where they are set by half an hour. A wall time that clocks leap over is due when they have leapt, one
 * that they show twice is due the first time.
 * @param cron five fields
 * @throws ConfigError when it cannot be read or is never due
 */
export function openTicks(cron: string, timeZone: string): Ticks {
  const zone = openZone(timeZone);
  // The library wants dates; as wall times they are meant in UTC.
  const from = (wall: number) => CronExpressionParser.parse(cron, { currentDate: new Date(wall), tz: 'UTC' });
  const after = (wall: number) => from(wall).next().getTime();
  const before = (wall: number) => from(wall).prev().getTime();

  function next(instant: Date): Date {
    let wall = after(zone.wallAt(instant.getTime()));
    // Clocks that show the hour a second time have shown these before.
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
