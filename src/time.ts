import { InvalidInputError } from './errors.ts';

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/**
 * A date as the graph stores it: Python's `isoformat()` in UTC, without fraction when it is 0 and with six digits
 * otherwise. Only one format keeps string order and time order the same, so nothing else may be written.
 */
export function toGraphTime(date: Date): string {
  const [seconds = '', fraction = '000'] = date.toISOString().slice(0, -1).split('.');
  return fraction === '000' ? `${seconds}+00:00` : `${seconds}.${fraction}000+00:00`;
}

/** True for a date that `toGraphTime` can write so that text order is time order: years have four digits. */
export function isStorableDate(date: unknown): date is Date {
  return date instanceof Date && /^\d{4}-/.test(Number.isNaN(date.getTime()) ? '' : date.toISOString());
}

/** @throws InvalidInputError naming `what` when the graph cannot hold the date */
export function checkTime(date: Date, what: string): Date {
  if (isStorableDate(date)) return date;
  throw new InvalidInputError(`${what} must be a valid Date of the years 0 to 9999.`);
}

/** Reads a stored date. Python may have written other offsets or none (which then means UTC). Null for any other text. */
export function fromGraphTime(text: string | null | undefined): Date | null {
  if (!text) return null;
  const date = new Date(/(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
  return Number.isNaN(date.getTime()) ? null : date;
}

/**
 * A stored time as a `Date`; an invalid `Date` for any other text. `toJSON` returns the stored text, because Graphiti writes microseconds,
 * which a `Date` cannot hold.
 */
export function toDate(text: string): Date {
  const date = fromGraphTime(text) ?? new Date(Number.NaN);
  const time = date.getTime();
  function toJSON(this: Date): string | null {
    return Object.is(this.getTime(), time) ? text : Date.prototype.toJSON.call(this);
  }
  // Not enumerable, like the method of the prototype.
  return Object.defineProperty(date, 'toJSON', { value: toJSON, configurable: true, writable: true });
}

/** A time as JSON prints it; for a time from a graph, the stored text. */
export const timeText = (time: Date): string => time.toJSON() ?? '';

const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ]([01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:Z|[+-](?:[01]\d|2[0-3]):?[0-5]\d)?)?$/;

/**
 * Reads a date that a person wrote: `2026-11-22` (its first instant in UTC) or `2026-11-22T08:30:00Z` (no offset means UTC).
 * @throws InvalidInputError naming `what` for any other text, or a day that does not exist
 */
export function parseTime(text: string, what: string): Date {
  const match = ISO.exec(text.trim());
  const date = match && fromGraphTime(match[4] ? text.trim().replace(' ', 'T') : `${match[0]}T00:00:00`);
  if (!match || !date || !dayExists(Number(match[1]), Number(match[2]), Number(match[3])))
    throw new InvalidInputError(`${what} "${text}" is not a date; write it like 2026-11-22 or 2026-11-22T08:30:00Z.`);
  return checkTime(date, what);
}

// Date rolls 31 February over to March instead of refusing it.
function dayExists(year: number, month: number, day: number): boolean {
  const date = new Date(Date.UTC(year, month - 1, day));
  date.setUTCFullYear(year);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

/** The day of a stored date. */
export const day = (time: string | Date): string => (typeof time === 'string' ? time : timeText(time)).slice(0, 10);

/** A sortable timestamp for file names: `2026-11-22T08-30-00.123Z`. */
export function timestamp(date: Date): string {
  return date.toISOString().replaceAll(':', '-');
}

/** `40 s ago`, `5 h ago`, `3 days ago`. */
export function ageText(ageMs: number): string {
  const [minutes, hours, days] = [MINUTE, HOUR, DAY].map((unit) => Math.floor(ageMs / unit)) as [
    number,
    number,
    number,
  ];
  if (minutes < 2) return `${Math.max(0, Math.round(ageMs / SECOND))} s ago`;
  if (hours < 2) return `${minutes} min ago`;
  return days < 2 ? `${hours} h ago` : `${days} days ago`;
}
