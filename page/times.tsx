const DAY_MS = 86_400_000;
const dayFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const exactFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' });
const longDayFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'long' });
const minuteFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'long', timeStyle: 'short' });
const clockFormat = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });

/** A day in the user's time zone, with the time if it is today, unless `isDay`. Hovering shows the exact time. */
export function Time({ of, isDay = false }: { of: string; isDay?: boolean }) {
  const date = new Date(of);
  if (Number.isNaN(date.getTime())) return <span>{of}</span>;
  return (
    <time dateTime={date.toISOString()} title={exactFormat.format(date)}>
      {!isToday(date) ? dayFormat.format(date) : isDay ? 'today' : `today, ${clockFormat.format(date)}`}
    </time>
  );
}

/** `1 March 2025`. */
export const exactDay = (time: number): string => longDayFormat.format(time);

/** `1 March 2025 at 14:05`. */
export const exactMinute = (time: number): string => minuteFormat.format(time);

/** When a fact held: `since 1 Mar 2025`, `10 Jan 2025 – 1 Mar 2025`. */
export function Period({ from, to }: { from: string | null; to: string | null }) {
  if (from === null && to === null) return <span>no date</span>;
  if (from === null)
    return to === null ? null : (
      <span>
        until <Time of={to} isDay />
      </span>
    );
  if (to === null)
    return (
      <span>
        since <Time of={from} isDay />
      </span>
    );
  // Times are shown only if both ends are today; otherwise the days differ.
  const isDay = !(isToday(new Date(from)) && isToday(new Date(to)));
  return (
    <span>
      <Time of={from} isDay={isDay} /> – <Time of={to} isDay={isDay} />
    </span>
  );
}

const isToday = (date: Date): boolean =>
  Math.abs(Date.now() - date.getTime()) < DAY_MS && dayFormat.format(date) === dayFormat.format(new Date());

const UNITS = [
  ['day', DAY_MS],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const;

/** `3 minutes`. */
export function duration(ms: number): string {
  const [unit, size] = UNITS.find(([, length]) => ms >= length) ?? UNITS[3];
  return plural(Math.floor(ms / size), unit);
}

/** `3.4 MB`. */
export function bytes(count: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const power = count < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(count) / 3));
  return `${(count / 1000 ** power).toLocaleString(undefined, { maximumFractionDigits: power === 0 ? 0 : 1 })} ${units[power]}`;
}

/** `$0.0123`, `$4.20`; small amounts have two significant digits. */
export const money = (dollars: number): string =>
  `$${dollars >= 1 || dollars === 0 ? dollars.toFixed(2) : dollars.toPrecision(2)}`;

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString()} ${count === 1 ? one : many}`;

export const holdsAt = (
  { validAt, invalidAt }: { validAt: string | null; invalidAt: string | null },
  at: number,
): boolean => (validAt === null || Date.parse(validAt) <= at) && (invalidAt === null || Date.parse(invalidAt) > at);
