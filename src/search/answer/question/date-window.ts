import { DAY, fromGraphTime } from '../../../time.ts';

/** Days from `from` to before `to`. */
export interface DateWindow {
  readonly from: Date;
  readonly to: Date;
}

const MONTHS = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];
const MONTH = `(${MONTHS.map((month) => (month.length > 3 ? `${month}|${month.slice(0, 3)}` : month)).join('|')})\\.?`;
const ISO_DAY = /\b(\d{4})-(\d\d)(?:-(\d\d))?\b/;
const DAY_MONTH = new RegExp(`\\b(\\d{1,2})(?:st|nd|rd|th)?\\.? (?:of )?${MONTH}\\b(?:,? (\\d{4}))?`, 'i');
const MONTH_DAY = new RegExp(`\\b${MONTH} (\\d{1,2})(?:st|nd|rd|th)?\\b(?!\\d)(?:,? (\\d{4}))?`, 'i');
const IN_MONTH = new RegExp(`\\b(?:in|during|since|of|last|this) ${MONTH}(?: (\\d{4}))?\\b`, 'i');
const AGO = /\b(yesterday|today|last week|this week|last month|this month)\b/i;

/** The days that a question names; a month or day without a year is the last one before `now`. */
export function dateWindowOf(question: string, now: Date): DateWindow | undefined {
  const iso = ISO_DAY.exec(question);
  if (iso) return window(Number(iso[1]), Number(iso[2]) - 1, iso[3] === undefined ? undefined : Number(iso[3]));
  const first = DAY_MONTH.exec(question);
  if (first) return named(now, first[2], Number(first[1]), first[3]);
  const second = MONTH_DAY.exec(question);
  if (second) return named(now, second[1], Number(second[2]), second[3]);
  const month = IN_MONTH.exec(question);
  if (month) return named(now, month[1], undefined, month[2]);
  return ago(AGO.exec(question)?.[1]?.toLowerCase(), now);
}

export function isInWindow(time: string, { from, to }: DateWindow): boolean {
  const at = fromGraphTime(time);
  return at !== null && at >= from && at < to;
}

function named(now: Date, name = '', day: number | undefined, year: string | undefined): DateWindow {
  const month = MONTHS.findIndex((other) => other.startsWith(name.toLowerCase().slice(0, 3)));
  if (year !== undefined) return window(Number(year), month, day);
  const thisYear = window(now.getUTCFullYear(), month, day);
  return thisYear.from > now ? window(now.getUTCFullYear() - 1, month, day) : thisYear;
}

function window(year: number, month: number, day: number | undefined): DateWindow {
  const from = new Date(Date.UTC(year, month, day ?? 1));
  return { from, to: day === undefined ? new Date(Date.UTC(year, month + 1, 1)) : new Date(from.getTime() + DAY) };
}

function ago(name: string | undefined, now: Date): DateWindow | undefined {
  const today = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()));
  const days = (from: number, to: number) => ({
    from: new Date(today.getTime() + from * DAY),
    to: new Date(today.getTime() + to * DAY),
  });
  if (name === 'today') return days(0, 1);
  if (name === 'yesterday') return days(-1, 0);
  if (name === 'this week') return days(-6, 1);
  if (name === 'last week') return days(-13, 0);
  if (name === undefined) return undefined;
  return window(today.getUTCFullYear(), today.getUTCMonth() - (name === 'last month' ? 1 : 0), undefined);
}
