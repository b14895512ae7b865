const FORM =
  /^(\d{4})-(\d\d)-(\d\d)(?:.(\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{3}|\d{6}))?)?)?(?:([+-])(\d\d):(\d\d)(?::(\d\d)(?:\.\d{6})?)?)?)?$/su;

/**
 * The instant that Python 3.10's `datetime.fromisoformat` reads in a text, in milliseconds; undefined where it raises
 * `ValueError`. Stricter than later Pythons: no `Z`, fractions of three or six digits, offsets as `+HH:MM`. A time without offset
 * counts as UTC, as graphiti_core takes it.
 */
export function pythonDate(text: string): number | undefined {
  const match = FORM.exec(text);
  if (!match) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  const [fraction = '000', sign = '+'] = [match[7], match[8]];
  const [offsetHour = 0, offsetMinute = 0, offsetSecond = 0] = match.slice(9, 12).map((part) => Number(part ?? 0));
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  if (offsetHour > 23 || offsetMinute > 59 || offsetSecond > 59) return undefined;
  const local = new Date(0);
  local.setUTCFullYear(year, month - 1, day);
  local.setUTCHours(hour, minute, second, Number(fraction.slice(0, 3)));
  const offset = ((offsetHour * 60 + offsetMinute) * 60 + offsetSecond) * 1000;
  return local.getTime() - (sign === '-' ? -offset : offset);
}

function daysOf(year: number, month: number): number {
  const lastDay = new Date(0);
  lastDay.setUTCFullYear(year, month, 0);
  return lastDay.getUTCDate();
}
