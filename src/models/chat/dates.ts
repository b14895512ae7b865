import { toGraphTime } from '../../time.ts';

const DATE =
  /^(\d{4})(?:-(\d\d?)(?:-(\d\d?)(?:[T ](\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s?(Z|UTC|[+-]\d\d(?::?\d\d)?)?)?)?)?$/i;

/**
 * Reads a date as models write it: ISO 8601, whole or in part (`2025`, `2025-03`, `2025-03-01`, `2025-03-01 10:00`). The first
 * instant of the part counts; no offset means UTC. Null for everything else, also for days that do not exist.
 */
export function parseLooseDate(value: unknown): Date | null {
  const match = typeof value === 'string' ? DATE.exec(value.trim()) : null;
  if (!match) return null;
  const part = (place: number, missing: number) => Number(match[place] ?? missing);
  const [year, month, day] = [part(1, 0), part(2, 1), part(3, 1)];
  const [hour, minute, second] = [part(4, 0), part(5, 0), part(6, 0)];
  if (hour > 23 || minute > 59 || second > 59) return null;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  // Date rolls 31 February over to March.
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null;
  date.setUTCHours(hour, minute, second, Math.floor(Number(`0.${match[7] ?? 0}`) * 1000));
  const shifted = new Date(date.getTime() - offset(match[8]));
  return isInRange(shifted) ? shifted : null;
}

/** Milliseconds by which the clock at a place is ahead of UTC. */
function offset(zone: string | undefined): number {
  const [, sign, hours, minutes = '0'] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone ?? '') ?? [];
  return sign ? Number(`${sign}1`) * (Number(hours) * 60 + Number(minutes)) * 60_000 : 0;
}

/** The graph can only order the years 0 to 9999. */
const isInRange = (date: Date) => /^\d{4}-/.test(toGraphTime(date));

/** A date for a prompt: `2025-03-01`, or with the time if that is not midnight UTC. */
export function dateText(date: Date | null): string | null {
  if (!date) return null;
  return date
    .toISOString()
    .replace(/T00:00:00\.000Z$/, '')
    .replace('.000Z', 'Z');
}
