import { DAY, SECOND } from '../time.ts';

/**
 * What the clocks on the walls of a time zone show. A wall time is written as the instant at which clocks in UTC show the same, in
 * milliseconds since 1970.
 */
export interface Zone {
  /** What clocks show at an instant. */
  wallAt(instant: number): number;
  /**
   * When clocks show it: the first time where they do so twice, and the moment after the leap where they never do. So a later wall
   * time is never at an earlier instant.
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

/** The first moment, to the second, at which clocks have leapt forward. */
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
