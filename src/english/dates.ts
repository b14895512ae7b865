import { DAY } from '../time.ts';
import { dayStart, monthNumber, nearestWeekday, relativeDay } from './calendar.ts';

/** A date in a sentence, and whether it is the start or the end of a period. */
export interface DateMention {
  readonly start: number;
  readonly end: number;
  readonly at: Date;
  /** `due` is a deadline; `old` is the previous date of a postponed event. */
  readonly role: 'from' | 'until' | 'plain' | 'due' | 'old';
}

export interface ValidityPeriod {
  readonly validAt: Date | null;
  readonly invalidAt: Date | null;
}

const MONTH =
  '(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\\.?';
const YEAR = '(?:19|20)\\d\\d';
const WEEKDAY = '(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?';
const WHOLE_WEEKDAY = '(?:mon|tues|wednes|thurs|fri|satur|sun)day';
const COUNT = '(?:an?|one|two|three|four|five|six|seven|eight|nine|ten|\\d{1,3}|a few|a couple of)';
const UNIT = '(?:day|week|month|year)';
const LEAD =
  '(?:\\b(since|starting(?: (?:on|from|in))?|beginning|from|as of|effective|until|till|til|up to|through|ending|ended|ended on|ended in|expired on|expires on|expires|valid until|no later than|before|after|by|on|in|at|and|between|to)(?: the)?(?: (?:early|late|mid|end of|beginning of))?[ -])?';
const FORMS = [
  `(?<iso>${YEAR}-\\d\\d-\\d\\d)(?:[T ]\\d\\d:\\d\\d(?::\\d\\d(?:\\.\\d{1,9})?)?(?:Z|[+-]\\d\\d:?\\d\\d)?)?`,
  `(?<day>\\d{1,2})(?:st|nd|rd|th)?(?: of)? (?<month>${MONTH}),? (?<year>${YEAR})`,
  `(?<month2>${MONTH}) (?<day2>\\d{1,2})(?:st|nd|rd|th)?,? (?<year2>${YEAR})`,
  `(?<month3>${MONTH}),? (?:of )?(?<year3>${YEAR})`,
  `Q(?<quarter>[1-4])(?:[ /-](?<year4>${YEAR}))?`,
  `(?<relative>the day before yesterday|yesterday|today|tonight|tomorrow|(?:last|next|this)(?: past)? (?:night|week|weekend|month|year|spring|summer|autumn|fall|winter|${MONTH}|${WEEKDAY})|${COUNT} ${UNIT}s? ago|in ${COUNT} ${UNIT}s?)`,
  `(?<day5>\\d{1,2})(?:st|nd|rd|th)?(?: of)? (?<month5>${MONTH})`,
  `(?<month6>${MONTH}) (?<day6>\\d{1,2})(?:st|nd|rd|th)?(?! ?%| ?\\w)`,
  `(?<weekday>${WHOLE_WEEKDAY})`,
  '(?<day7>\\d{1,2})(?:st|nd|rd|th)(?! [\\p{Ll}])',
];
const DATE = new RegExp(`${LEAD}(?<![\\w.-])(?:${FORMS.join('|')})(?![\\w-]|\\.\\d)`, 'giu');
/** A bare year or month is a date only after such a word: "in 2024", not "version 2024". */
const BARE = new RegExp(
  `\\b(since|in|until|till|from|between|by|during|starting|throughout|of) (?:(?:early|late|mid)[ -])?(?:(?<year>${YEAR})|(?<month>${MONTH}))(?![\\w-]|\\.\\d| \\d)`,
  'gi',
);
/** "14–16 April", "3 to 9 May": the first day has the same month. */
const DAY_RANGE = new RegExp(
  `(?<![\\w.-])(?<first>\\d{1,2})(?: ?[–-] ?| to )(?=\\d{1,2}(?:st|nd|rd|th)? (?<month>${MONTH})(?![\\w-]))`,
  'gi',
);
/** Every form of date contains one of these. Most sentences contain none, and trying the forms is slow. */
const MAY_HOLD_DATE =
  /\d|day|night|tomorrow|week|month|year|spring|summer|autumn|fall|winter|mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec/iu;
const FROM = /^(?:since|starting|beginning|from|as of|effective|between)/i;
const UNTIL = /^(?:until|till|til|up to|through|end|expire|valid until)/i;
const DUE = /^(?:by|no later than|before)/i;
/** Words that show that a sentence is about the past. */
const PAST =
  /\b(?:was|were|had|did|went|came|left|began|became|broke|built|got|gave|made|met|ran|saw|sent|set|took|told|won|wrote|held|kept|led|(?!(?:(?:test|sea|flat)bed|feed|need|speed|seed|weed|breed|indeed|exceed|proceed|hundred|shed|embed)\b)\p{Ll}{2,}ed)\b/iu;
const COMING =
  /\b(?:will|shall|going to|planned|plan|plans|scheduled|postponed|put off|pushed back|moved|rescheduled|delayed|deferred|brought forward|due|is|are|must|should|has to|have to|can)\b/i;
const POSTPONED =
  /\b(?:postponed|put off|pushed back|pushed|rescheduled|delayed|deferred|brought forward|moved|shifted|slipped)\b/i;

type Groups = Record<string, string | undefined>;

/** Whether a date without a year is in the past or in the future. */
type Direction = 'past' | 'coming' | 'likely';

/**
 * The dates of a sentence, in order of appearance. Relative dates ("last week") count from `reference`. For a day without a year, the
 * tense and the preceding word decide the year.
 */
export function datesIn(text: string, reference: Date): DateMention[] {
  if (!MAY_HOLD_DATE.test(text)) return [];
  const found: DateMention[] = [];
  const isPast = PAST.test(text) && !COMING.test(text);
  for (const match of [...text.matchAll(DATE), ...text.matchAll(BARE)]) {
    const groups = match.groups as Groups;
    const lead = match[1]?.toLowerCase();
    const before = found.findLast(({ end }) => match.index - end <= 5 && match.index >= end);
    const at = dateOf(groups, reference, directionOf(lead, isPast), before?.at);
    const mention = at && { start: match.index, end: match.index + match[0].length, at, role: roleOf(lead) };
    if (mention && !found.some((other) => mention.start < other.end && other.start < mention.end)) found.push(mention);
  }
  for (const match of text.matchAll(DAY_RANGE)) {
    const last = found.find(({ start, end }) => match.index + match[0].length >= start && match.index < end);
    const [day, month] = [Number(match.groups?.first), monthNumber(match.groups?.month ?? '')];
    if (!last || day < 1 || day > 31) continue;
    const at = dayStart(last.at.getUTCFullYear(), month, day);
    found.push({ start: match.index, end: match.index + match[0].length, at, role: 'from' });
    const rest = { ...last, start: Math.max(last.start, match.index + match[0].length), role: 'until' as const };
    found.splice(found.indexOf(last), 1, rest);
  }
  found.sort((first, second) => first.start - second.start);
  return POSTPONED.test(text) ? postponed(text, found) : found;
}

/** "from 12 May to 26 May" after "put off" is not a period: only the second day counts. */
function postponed(text: string, found: DateMention[]): DateMention[] {
  const at = text.search(POSTPONED);
  return found.map((date, place) => {
    if (date.start < at) return date;
    const next = found[place + 1];
    if (date.role === 'from' && next && next.start - date.end <= 5) return { ...date, role: 'old' };
    return { ...date, role: 'plain' };
  });
}

/** The period in which a sentence with these dates holds; without dates, from `reference` on. */
export function validityPeriod(dates: readonly DateMention[], reference: Date): ValidityPeriod {
  // A statement about a future day holds from now on, unless "from" or a similar word moves its start to that day.
  const plain = dates.find(({ role, at }) => role === 'plain' && at <= reference);
  const begin = dates.find(({ role }) => role === 'from') ?? plain;
  const end = dates.find(({ role }) => role === 'until') ?? closing(dates, begin);
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
  if (!lead) return 'plain';
  if (FROM.test(lead)) return 'from';
  if (DUE.test(lead)) return 'due';
  return UNTIL.test(lead) ? 'until' : 'plain';
}

function directionOf(lead: string | undefined, isPast: boolean): Direction {
  if (lead === 'since' || lead === 'ended' || lead?.startsWith('ended ') || lead === 'expired on') return 'past';
  if (isPast) return 'past';
  if (lead && (UNTIL.test(lead) || DUE.test(lead))) return 'coming';
  return 'likely';
}

/** @param before the date that this one follows at once, as in "from 3 May to 9 May" */
function dateOf(groups: Groups, reference: Date, direction: Direction, before: Date | undefined): Date | null {
  if (groups.iso) return validDate(new Date(`${groups.iso}T00:00:00Z`));
  if (groups.relative) return relativeDay(groups.relative.toLowerCase().replace(/\.$/, ''), reference);
  if (groups.weekday) return nearestWeekday(groups.weekday, direction === 'past', reference);
  if (groups.quarter) {
    const month = Number(groups.quarter) * 3 - 3;
    return groups.year4 ? dayStart(Number(groups.year4), month, 1) : quarterWithoutYear(month, reference, direction);
  }
  if (groups.day7) return dayOfMonth(Number(groups.day7), reference, direction);
  const month = groups.month ?? groups.month2 ?? groups.month3 ?? groups.month5 ?? groups.month6;
  const year = groups.year ?? groups.year2 ?? groups.year3;
  const day = Number(groups.day ?? groups.day2 ?? groups.day5 ?? groups.day6 ?? 1);
  if (day < 1 || day > 31) return null;
  if (year) return dayStart(Number(year), month ? monthNumber(month) : 0, day);
  if (!month) return null;
  const number = monthNumber(month);
  return before ? following(before, number, day) : withoutYear(number, day, reference, direction);
}

function following(before: Date, month: number, day: number): Date {
  const sameYear = dayStart(before.getUTCFullYear(), month, day);
  return sameYear >= before ? sameYear : dayStart(before.getUTCFullYear() + 1, month, day);
}

function withoutYear(month: number, day: number, reference: Date, direction: Direction): Date {
  const today = dayStart(reference.getUTCFullYear(), reference.getUTCMonth(), reference.getUTCDate());
  const years = [-1, 0, 1].map((shift) => dayStart(reference.getUTCFullYear() + shift, month, day));
  if (direction === 'past') return years.findLast((date) => date <= reference) ?? (years[0] as Date);
  const next = years.find((date) => date >= today) ?? (years[2] as Date);
  // A day that has just passed, in a sentence in the present tense, does not mean next year.
  const isFar = next.getTime() - today.getTime() > 300 * DAY;
  return direction === 'likely' && isFar ? (years.findLast((date) => date < today) ?? next) : next;
}

/** The current quarter counts as a future one. */
function quarterWithoutYear(month: number, reference: Date, direction: Direction): Date {
  const year = reference.getUTCFullYear();
  const running = dayStart(year, Math.floor(reference.getUTCMonth() / 3) * 3, 1);
  const thisYear = dayStart(year, month, 1);
  if (direction === 'past') return thisYear <= reference ? thisYear : dayStart(year - 1, month, 1);
  return thisYear >= running ? thisYear : dayStart(year + 1, month, 1);
}

/** "on the 17th" */
function dayOfMonth(day: number, reference: Date, direction: Direction): Date | null {
  if (day < 1 || day > 31) return null;
  const [year, month] = [reference.getUTCFullYear(), reference.getUTCMonth()];
  const days = [-1, 0, 1].map((shift) => dayStart(year, month + shift, day));
  if (direction === 'past') return days.findLast((date) => date <= reference) ?? null;
  return days.find((date) => date >= dayStart(year, month, reference.getUTCDate())) ?? null;
}

function validDate(date: Date): Date | null {
  return Number.isNaN(date.getTime()) ? null : date;
}
