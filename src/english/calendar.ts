/** Words for times, counted from a reference time; always the start of a day in UTC. */

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
/** First months of the meteorological seasons of the northern hemisphere. */
const SEASONS = new Map([
  ['spring', 2],
  ['summer', 5],
  ['autumn', 8],
  ['fall', 8],
  ['winter', 11],
]);
const COUNTS = new Map(
  ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'].map((word, index) => [
    word,
    index + 1,
  ]),
);
const NAMED_DAYS = new Map([
  ['the day before yesterday', -2],
  ['yesterday', -1],
  ['last night', -1],
  ['today', 0],
  ['tonight', 0],
  ['tomorrow', 1],
]);

export function dayStart(year: number, month: number, day: number): Date {
  return new Date(Date.UTC(year, month, day));
}

/** 0 for "Jan", "january", "Jan.". */
export function monthNumber(name: string): number {
  return MONTHS.indexOf(name.slice(0, 3).toLowerCase());
}

/** "yesterday", "last week", "next spring", "three months ago", "in 2 days"; null for anything else. */
export function relativeDay(words: string, reference: Date): Date | null {
  const days = NAMED_DAYS.get(words);
  if (days !== undefined) return shifted(reference, days, 0);
  const counted = /^(?:in )?(.+?) (day|week|month|year)s?( ago)?$/.exec(words);
  if (counted?.[1] && counted[2] && !/^(?:last|next|this)/.test(words)) {
    return shiftedByUnits(reference, counted[2], countOf(counted[1]) * (counted[3] ? -1 : 1));
  }
  const [direction, ...rest] = words.replace(' past', '').split(' ');
  return namedPeriod(rest.join(' '), direction === 'last' ? -1 : direction === 'next' ? 1 : 0, reference);
}

function namedPeriod(period: string, direction: number, reference: Date): Date | null {
  const year = reference.getUTCFullYear();
  const month = reference.getUTCMonth();
  if (period === 'year') return dayStart(year + direction, 0, 1);
  if (period === 'month') return dayStart(year, month + direction, 1);
  if (period === 'week') return shifted(reference, 7 * direction - sinceWeekday(1, reference), 0);
  if (period === 'weekend') return weekday(6, direction, reference);
  const weekdayNumber = WEEKDAYS.indexOf(period.slice(0, 3));
  if (weekdayNumber >= 0 && isWeekday(period)) return weekday(weekdayNumber, direction, reference);
  const first = SEASONS.get(period) ?? monthNumber(period);
  return first < 0 ? null : yearly(first, direction, reference);
}

/** "wed", "Wednesday", "thurs."; not "month" or "sunny". */
export function isWeekday(word: string): boolean {
  return /^(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\.?$/i.test(word);
}

/** The weekday nearest before or on the reference day, or after or on it. */
export function nearestWeekday(name: string, isPast: boolean, reference: Date): Date {
  const ago = sinceWeekday(WEEKDAYS.indexOf(name.slice(0, 3).toLowerCase()), reference);
  return shifted(reference, isPast ? -ago : (7 - ago) % 7, 0);
}

/** Last Friday is before today, next Friday after it, this Friday within the next seven days. */
function weekday(number: number, direction: number, reference: Date): Date {
  const ago = sinceWeekday(number, reference);
  if (direction < 0) return shifted(reference, -(ago || 7), 0);
  const ahead = (7 - ago) % 7;
  return shifted(reference, direction > 0 ? ahead || 7 : ahead, 0);
}

function yearly(month: number, direction: number, reference: Date): Date {
  const thisYear = dayStart(reference.getUTCFullYear(), month, 1);
  const isAhead = thisYear > reference;
  if (direction < 0) return isAhead ? dayStart(reference.getUTCFullYear() - 1, month, 1) : thisYear;
  return direction > 0 && !isAhead ? dayStart(reference.getUTCFullYear() + 1, month, 1) : thisYear;
}

function sinceWeekday(number: number, reference: Date): number {
  return (reference.getUTCDay() - number + 7) % 7;
}

function shiftedByUnits(reference: Date, unit: string, count: number): Date {
  if (unit === 'day' || unit === 'week') return shifted(reference, count * (unit === 'week' ? 7 : 1), 0);
  return shifted(reference, 0, count * (unit === 'year' ? 12 : 1));
}

/** Keeps the day of the month if the month has that day ("a month ago" on 31 March is 28 February). */
function shifted(reference: Date, days: number, months: number): Date {
  const year = reference.getUTCFullYear();
  const month = reference.getUTCMonth() + months;
  const lastDay = dayStart(year, month + 1, 0).getUTCDate();
  return dayStart(year, month, Math.min(reference.getUTCDate(), months ? lastDay : 31) + days);
}

function countOf(words: string): number {
  if (/^an?$/.test(words)) return 1;
  if (words === 'a few') return 3;
  if (words === 'a couple of') return 2;
  return COUNTS.get(words) ?? Number(words);
}
