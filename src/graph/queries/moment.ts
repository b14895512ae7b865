import { DAY, fromGraphTime, toGraphTime } from '../../time.ts';
import type { Params } from '../codec.ts';

/**
 * An instant in the graph's format, with what is a day away. Texts of that format compare as times do. Python may have
 * written other offsets or none; such a text is less than a day away from the same instant in UTC, so the graph is asked with
 * a day's room and what it gives is compared again here (`isAfter`).
 */
export interface Instant {
  readonly at: string;
  readonly dayBefore: string;
  readonly dayAfter: string;
}

/** What was true at `asOf`, as it was known at `knownAt`; without it everything known now counts. */
export interface Moment {
  readonly asOf: Instant;
  readonly knownAt?: Instant;
  /** Also what has ended by then; for those who ask about ends. */
  readonly alsoEnded?: boolean;
}

/** The times of a fact, in whatever format they are stored. */
export interface FactTimes {
  readonly validAt: string | null;
  readonly invalidAt: string | null;
  readonly createdAt: string | null;
  readonly expiredAt: string | null;
}

export function instant(date: Date): Instant {
  const away = (distance: number, beyond: string) => {
    const text = toGraphTime(new Date(date.getTime() + distance));
    return /^\d{4}-/.test(text) ? text : beyond;
  };
  return { at: toGraphTime(date), dayBefore: away(-DAY, ''), dayAfter: away(DAY, '9999-12-31T24') };
}

/** The parameters of conditions on an instant that is called `name`. */
export function instantParams(name: string, { at, dayBefore, dayAfter }: Instant): Params {
  return { [name]: at, [`${name}DayBefore`]: dayBefore, [`${name}DayAfter`]: dayAfter };
}

export function momentParams({ asOf, knownAt }: Moment): Params {
  return { ...instantParams('asOf', asOf), ...(knownAt && instantParams('knownAt', knownAt)) };
}

/** True for a stored time that lies after an instant, whatever its offset. False for none and for rubbish. */
export function isAfter(text: string | null, { at }: Instant): boolean {
  const time = comparable(text);
  return time !== null && time > at;
}

/** A stored time in the graph's format; null for none and for rubbish. */
export function comparable(text: string | null): string | null {
  if (!text || text.endsWith('+00:00')) return text;
  const date = fromGraphTime(text);
  return date && toGraphTime(date);
}

/**
 * Conditions on a stored time, true with a day's room for other offsets. The `coalesce`s are needed: FalkorDB 4.16 answers a
 * one-sided `<` on an indexed string with every row.
 */
const compared = (field: string, missing: string, operator: string, name: string, room: 'DayBefore' | 'DayAfter') => {
  const time = `coalesce(${field}, '${missing}')`;
  return `(${time} ${operator} $${name} OR ${time} ${operator} $${name}${room} AND NOT ${field} ENDS WITH '+00:00')`;
};
export const notAfterOrMissing = (field: string, name: string) => compared(field, '', '<=', name, 'DayAfter');
export const afterOrMissing = (field: string, name: string) => compared(field, '9', '>', name, 'DayBefore');
export const after = (field: string, name: string) => compared(field, '', '>', name, 'DayBefore');
export const from = (field: string, name: string) => compared(field, '', '>=', name, 'DayBefore');
export const before = (field: string, name: string) => compared(field, '9', '<', name, 'DayAfter');

const BEGUN = notAfterOrMissing('e.valid_at', 'asOf');
const KNOWN = notAfterOrMissing('e.created_at', 'knownAt');
const OPEN = afterOrMissing('e.invalid_at', 'asOf');
const BELIEVED_OPEN = `(${OPEN} OR ${after('e.expired_at', 'knownAt')})`;

/** The condition on an edge `e` that it counts at a moment: it held, or that it ended was learnt only later. */
export function heldCondition({ knownAt, alsoEnded }: Moment): string {
  const begun = knownAt ? `${KNOWN} AND ${BEGUN}` : BEGUN;
  return alsoEnded ? begun : `${begun} AND ${knownAt ? BELIEVED_OPEN : OPEN}`;
}

/** The same for what the graph gave. */
export function held(fact: FactTimes, { asOf, knownAt, alsoEnded }: Moment): boolean {
  if (isAfter(fact.validAt, asOf) || (knownAt && isAfter(fact.createdAt, knownAt))) return false;
  if (alsoEnded || comparable(fact.invalidAt) === null || isAfter(fact.invalidAt, asOf)) return true;
  return knownAt !== undefined && isAfter(fact.expiredAt, knownAt);
}
