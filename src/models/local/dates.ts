import { dayStart, monthNumber, relativeDay } from './calendar.ts';

/** A date that a text names, and which end of a time it is. */
export interface DateMention {
  readonly start: number;
  readonly end: number;
  readonly at: Date;
  readonly role: 'from' | 'until' | 'plain';
}

export interface Validity {
  readonly validAt: Date | null;
  readonly invalidAt: Date | null;
}

const MONTH =
  '(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\\.?';
const YEAR = '(?:19|20)\\d\\d';
const WEEKDAY = '(?:mon|tues|wednes|thurs|fri|satur|sun)day';
const COUNT = '(?:an?|one|two|three|four|five|six|seven|eight|nine|ten|\\d{1,3}|a few|a couple of)';
const UNIT = '(?:day|week|month|year)';
const LEAD =
  '(?:\\b(since|starting(?: (?:on|from|in))?|beginning|from|as of|effective|until|till|til|up to|through|ending|ended|ended on|ended in|expired on|expires on|expires|valid until|by|on|in|at|and|between|to)(?: the)?(?: (?:early|late|mid|end of|beginning of))?[ -])?';
const FORMS = [
  `(?<iso>${YEAR}-\\d\\d-\\d\\d)(?:[T ]\\d\\d:\\d\\d(?::\\d\\d(?:\\.\\d{1,9})?)?(?:Z|[+-]\\d\\d:?\\d\\d)?)?`,
  `(?<day>\\d{1,2})(?:st|nd|rd|th)?(?: of)? (?<month>${MONTH}),? (?<year>${YEAR})`,
  `(?<month2>${MONTH}) (?<day2>\\d{1,2})(?:st|nd|rd|th)?,? (?<year2>${YEAR})`,
  `(?<month3>${MONTH}),? (?:of )?(?<year3>${YEAR})`,
  `Q(?<quarter>[1-4])[ /-](?<year4>${YEAR})`,
  `(?<relative>the day before yesterday|yesterday|today|tonight|tomorrow|(?:last|next|this)(?: past)? (?:night|week|weekend|month|year|spring|summer|autumn|fall|winter|${MONTH}|${WEEKDAY})|${COUNT} ${UNIT}s? ago|in ${COUNT} ${UNIT}s?)`,
  `(?<day5>\\d{1,2})(?:st|nd|rd|th)?(?: of)? (?<month5>${MONTH})`,
  `(?<month6>${MONTH}) (?<day6>\\d{1,2})(?:st|nd|rd|th)?(?! ?%| ?\\w)`,
];
const DATE = new RegExp(`${LEAD}(?<![\\w.-])(?:${FORMS.join('|')})(?![\\w-]|\\.\\d)`, 'gi');
/** A bare year or month is a date only after such a word: "in 2024", not "version 2024". */
const BARE = new RegExp(
  `\\b(since|in|until|till|from|between|by|during|starting|throughout|of) (?:(?:early|late|mid)[ -])?(?:(?<year>${YEAR})|(?<month>${MONTH}))(?![\\w-]|\\.\\d| \\d)`,
  'gi',
);
const FROM = /^(?:since|starting|beginning|from|as of|effective|between)/i;
const UNTIL = /^(?:until|till|til|up to|through|end|expire|valid until)/i;

type Groups = Record<string, string | undefined>;

/** The dates of a sentence, in its order. Relative ones ("last week") count from `reference`. */
export function datesIn(text: string, reference: Date): DateMention[] {
  const found: DateMention[] = [];
  for (const match of [...text.matchAll(DATE), ...text.matchAll(BARE)]) {
    const at = dateOf(match.groups as Groups, reference);
    const mention = at && { start: match.index, end: match.index + match[0].length, at, role: roleOf(match[1]) };
    if (mention && !found.some((other) => mention.start < other.end && other.start < mention.end)) found.push(mention);
  }
  return found.sort((one, other) => one.start - other.start);
}

/** From when to when a sentence with these dates holds; without any, from `reference` on. */
export function validity(dates: readonly DateMention[], reference: Date): Validity {
  const begin = dates.find((date) => date.role === 'from') ?? dates.find((date) => date.role === 'plain');
  const end = dates.find((date) => date.role === 'until') ?? closing(dates, begin);
  const invalidAt = end && end !== begin ? end.at : null;
  const validAt = begin?.at ?? (invalidAt && invalidAt <= reference ? null : reference);
  return { validAt, invalidAt: validAt && invalidAt && invalidAt <= validAt ? null : invalidAt };
}

/** The second date of "from May 2024 to June 2025". */
function closing(dates: readonly DateMention[], begin: DateMention | undefined): DateMention | undefined {
  const next = begin?.role === 'from' ? dates[dates.indexOf(begin) + 1] : undefined;
  return begin && next && next.start - begin.end <= 2 ? next : undefined;
}

function roleOf(lead: string | undefined): DateMention['role'] {
  if (lead && FROM.test(lead)) return 'from';
  return lead && UNTIL.test(lead) ? 'until' : 'plain';
}

function dateOf(groups: Groups, reference: Date): Date | null {
  if (groups.iso) return validDate(new Date(`${groups.iso}T00:00:00Z`));
  if (groups.quarter) return dayStart(Number(groups.year4), Number(groups.quarter) * 3 - 3, 1);
  if (groups.relative) return relativeDay(groups.relative.toLowerCase(), reference);
  const month = groups.month ?? groups.month2 ?? groups.month3 ?? groups.month5 ?? groups.month6;
  const year = groups.year ?? groups.year2 ?? groups.year3;
  const day = Number(groups.day ?? groups.day2 ?? groups.day5 ?? groups.day6 ?? 1);
  if (day < 1 || day > 31) return null;
  if (year) return dayStart(Number(year), month ? monthNumber(month) : 0, day);
  return month ? lastTime(monthNumber(month), day, reference) : null;
}

/** A day without a year is the latest one that had come by then. */
function lastTime(month: number, day: number, reference: Date): Date {
  const thisYear = dayStart(reference.getUTCFullYear(), month, day);
  return thisYear <= reference ? thisYear : dayStart(reference.getUTCFullYear() - 1, month, day);
}

function validDate(date: Date): Date | null {
  return Number.isNaN(date.getTime()) ? null : date;
}
