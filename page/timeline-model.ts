import type { TimelineFact } from '../src/page/schemas.ts';

/** Milliseconds since 1970; a missing start is -∞, a missing end ∞. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** `true`: by present knowledge. `known`: by the knowledge of the chosen day. */
export type TimelineMode = 'true' | 'known';

export interface Line {
  readonly fact: TimelineFact;
  readonly held: Span;
  readonly known: Span;
  /** The period in which each mode shows the fact. */
  readonly shown: Readonly<Record<TimelineMode, Span>>;
  /** Index of the line that replaced this one. */
  readonly next: number | undefined;
  /** The line before the memory learned of its end; undefined if no end was learned. */
  readonly unended: Line | undefined;
}

const timeOf = (text: string | null, missing: number): number => {
  const time = text === null ? missing : Date.parse(text);
  return Number.isNaN(time) ? missing : time;
};

/** One line for each fact. A replaced fact is followed by its replacement. */
export function linesOf(facts: readonly TimelineFact[]): readonly Line[] {
  const ordered = inChains(facts);
  const places = new Map(ordered.map(({ uuid }, place) => [uuid, place]));
  return ordered.map((fact) => {
    const held = { from: timeOf(fact.validAt, -Infinity), to: timeOf(fact.invalidAt, Infinity) };
    const known = { from: timeOf(fact.createdAt, -Infinity), to: timeOf(fact.expiredAt, Infinity) };
    // On a past day an end counts if it was known by then.
    const end = held.to === Infinity || known.to === Infinity ? held.to : Math.max(held.to, known.to);
    const believed = { from: Math.max(held.from, known.from), to: end };
    const next = fact.replacedBy === null ? undefined : places.get(fact.replacedBy);
    const shown = { true: held, known: believed };
    const unended = Number.isFinite(known.to) ? unendedLine(fact, held, known, shown) : undefined;
    return { fact, held, known, shown, next, unended };
  });
}

const unendedLine = (fact: TimelineFact, held: Span, known: Span, shown: Line['shown']): Line => ({
  fact: { ...fact, invalidAt: null, expiredAt: null, replacedBy: null, replacement: null, endSources: [] },
  held: { from: held.from, to: Infinity },
  known: { from: known.from, to: Infinity },
  shown,
  next: undefined,
  unended: undefined,
});

/** Keeps the order by start time, except that a replacement follows the replaced fact. */
function inChains(facts: readonly TimelineFact[]): readonly TimelineFact[] {
  const byUuid = new Map(facts.map((fact) => [fact.uuid, fact]));
  const placed = new Set<TimelineFact>();
  for (const fact of facts) {
    let next: TimelineFact | undefined = fact;
    while (next !== undefined && !placed.has(next)) {
      placed.add(next);
      next = next.replacedBy === null ? undefined : byUuid.get(next.replacedBy);
    }
  }
  return [...placed];
}

/** A line on a day. In the mode `known`, an end that was learned later is left out, and so is the replacement. */
export const lineOn = (line: Line, mode: TimelineMode, at: number): Line =>
  mode === 'known' && line.unended !== undefined && line.known.to > at ? line.unended : line;

export const includes = ({ from, to }: Span, at: number): boolean => from <= at && to > at;

/** All start and end times of the mode's lines, sorted and without duplicates. */
export function changesOf(lines: readonly Line[], mode: TimelineMode): readonly number[] {
  const times = lines.flatMap(({ shown }) => [shown[mode].from, shown[mode].to]).filter(Number.isFinite);
  return [...new Set(times)].sort((a, b) => a - b);
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** From the first to the last known time, including today, with a margin. */
export function extentOf(lines: readonly Line[], now: number): Span {
  let [from, to] = [now - DAY_MS, now];
  for (const { held, known } of lines)
    for (const time of [held.from, held.to, known.from, known.to])
      if (Number.isFinite(time)) [from, to] = [Math.min(from, time), Math.max(to, time)];
  const room = (to - from) * 0.03;
  return { from: from - room, to: to + room };
}

const MIN_SPAN = HOUR_MS / 6;
const MAX_SPAN = 500 * 366 * DAY_MS;

/** Scales the span by a factor around a fixed time. */
export function zoomed({ from, to }: Span, factor: number, around: number): Span {
  const span = Math.min(MAX_SPAN, Math.max(MIN_SPAN, (to - from) * factor));
  const start = around - ((around - from) / (to - from)) * span;
  return { from: start, to: start + span };
}

/** Moves the span by a share of its length. */
export function panned({ from, to }: Span, share: number): Span {
  const distance = (to - from) * share;
  return { from: from + distance, to: to + distance };
}

/** The number of the mode's lines at evenly spaced times. */
export function density(
  lines: readonly Line[],
  mode: TimelineMode,
  { from, to }: Span,
  samples: number,
): readonly number[] {
  const changes = new Array<number>(samples + 1).fill(0);
  // The first sample at or after a time.
  const place = (time: number) => Math.min(samples, Math.max(0, Math.ceil(((time - from) / (to - from)) * samples)));
  for (const { shown } of lines) {
    const [start, end] = [place(shown[mode].from), place(shown[mode].to)];
    changes[start] = (changes[start] ?? 0) + 1;
    changes[end] = (changes[end] ?? 0) - 1;
  }
  let sum = 0;
  return changes.slice(0, samples).map((change) => (sum += change));
}

/** On a long span the date line snaps to ends of days, on a short one to minutes. */
export const isDaily = ({ from, to }: Span): boolean => to - from > 4 * DAY_MS;

export function endOfDay(time: number): number {
  return new Date(time).setHours(23, 59, 59, 999);
}

export const isToday = (time: number): boolean => endOfDay(time) === endOfDay(Date.now());

export const snapped = (time: number, view: Span): number =>
  isDaily(view) ? endOfDay(time) : Math.floor(time / 60_000) * 60_000;

/** A step of the date line: a day, or a quarter of an hour; a long one is a month, or three hours. */
export function stepped(time: number, steps: number, isLong: boolean, view: Span): number {
  if (!isDaily(view)) return snapped(time + steps * (isLong ? 3 * HOUR_MS : HOUR_MS / 4), view);
  const date = new Date(time);
  if (isLong) date.setMonth(date.getMonth() + steps);
  else date.setDate(date.getDate() + steps);
  return endOfDay(date.getTime());
}

const two = (number: number) => String(number).padStart(2, '0');

/** A time as an address parameter; a day stands for its end. */
export function timeParam(time: number): string {
  const date = new Date(time);
  if (endOfDay(time) !== time) return date.toISOString();
  return `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

export function timeOfParam(text: string | null): number | undefined {
  if (text === null) return undefined;
  const time = Date.parse(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T23:59:59.999` : text);
  return Number.isNaN(time) ? undefined : time;
}

export interface Tick {
  readonly at: number;
  readonly label: string;
}

const UNITS = [
  ...[5, 15, 60, 180, 360, 720].map((minutes) => ({ minutes, length: minutes * 60_000 })),
  ...[1, 2, 7].map((days) => ({ days, length: days * DAY_MS })),
  ...[1, 3, 6].map((months) => ({ months, length: months * 30 * DAY_MS })),
  ...[1, 2, 5, 10, 25, 100].map((years) => ({ years, length: years * 365 * DAY_MS })),
];
const clockFormat = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const dayFormat = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const monthFormat = new Intl.DateTimeFormat(undefined, { month: 'short', year: 'numeric' });

/** At most `most` round times within a span. */
export function ticksOf({ from, to }: Span, most: number): readonly Tick[] {
  const unit = UNITS.find(({ length }) => (to - from) / length <= most) ?? { years: 500, length: 0 };
  const first = new Date(from);
  const ticks: Tick[] = [];
  for (let count = 0; count <= most + 1; count++) {
    const at = tickTime(first, unit, count);
    if (at > to) break;
    if (at >= from) ticks.push({ at, label: tickLabel(at, unit) });
  }
  return ticks;
}

type Unit = { readonly minutes?: number; readonly days?: number; readonly months?: number; readonly years?: number };

function tickTime(first: Date, { minutes, days, months, years }: Unit, count: number): number {
  const [year, month, day] = [first.getFullYear(), first.getMonth(), first.getDate()];
  // The `Date` constructor treats years below 100 as 19xx.
  const start = (y: number, m: number, d: number, min = 0) => {
    const date = new Date(2000, 0, 1);
    date.setFullYear(y, m, d);
    date.setHours(0, min, 0, 0);
    return date.getTime();
  };
  if (years) return start((Math.floor(year / years) + count) * years, 0, 1);
  if (months) return start(year, (Math.floor(month / months) + count) * months, 1);
  if (days) return start(year, month, day + count * days);
  const size = minutes ?? 60;
  const passed = first.getHours() * 60 + first.getMinutes();
  return start(year, month, day, (Math.floor(passed / size) + count) * size);
}

function tickLabel(at: number, { minutes, days, months }: Unit): string {
  const date = new Date(at);
  if (minutes) return date.getHours() + date.getMinutes() === 0 ? dayFormat.format(date) : clockFormat.format(date);
  if (days) return dayFormat.format(date);
  return months ? monthFormat.format(date) : String(date.getFullYear());
}
