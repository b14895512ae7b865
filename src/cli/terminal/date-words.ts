import { InvalidInputError } from '../../errors.ts';
import { DAY, HOUR, MINUTE, parseTime } from '../../time.ts';

const UNITS: Readonly<Record<string, number>> = { minute: MINUTE, hour: HOUR, day: DAY, week: 7 * DAY };
const AGO = /^(\d{1,5}) (minute|hour|day|week)s? ago$/;

/**
 * Reads a date of an option: ISO 8601, or `now`, `today`, `yesterday`, `3 days ago` (minutes, hours, days, weeks). `today` and
 * `yesterday` mean the same as typing that day of the local calendar.
 * @throws InvalidInputError naming `what`
 */
export function parseDate(text: string, what: string, now = new Date()): Date {
  const words = text.trim().toLowerCase().replace(/\s+/g, ' ');
  const [, number, unit = ''] = AGO.exec(words) ?? [];
  if (number !== undefined) return new Date(now.getTime() - Number(number) * (UNITS[unit] ?? 0));
  if (words === 'now') return now;
  if (words === 'today') return parseTime(localDay(now, 0), what);
  if (words === 'yesterday') return parseTime(localDay(now, -1), what);
  try {
    return parseTime(text, what);
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    throw new InvalidInputError(`${error.message.replace(/\.$/, '')}, or like yesterday or "3 days ago".`, {
      cause: error,
    });
  }
}

/** Such as 2026-11-22, by this machine's calendar. */
function localDay(now: Date, offset: number): string {
  const date = new Date(now.getFullYear(), now.getMonth(), now.getDate() + offset);
  const two = (part: number) => String(part).padStart(2, '0');
  return `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
