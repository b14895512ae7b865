import { DAY, fromGraphTime, toGraphTime } from '../../time.ts';
import type { Params } from '../query-text.ts';

/**
 * An instant in the graph's format, and the instants a day before and after. Texts in this format sort like times. Python may have written
 * other offsets or none; such a text differs by less than a day from the same instant in UTC. So queries have a margin of a day, and their
 * results are compared again here (`isAfter`).
 */
export interface Instant {
  readonly at: string;
  readonly dayBefore: string;
  readonly dayAfter: string;
}

/** The state of the world at `asOf`, as known at `knownAt`; without `knownAt`, as known now. */
export interface Moment {
  readonly asOf: Instant;
  readonly knownAt?: Instant;
  /** Also returns facts that had ended by then. */
  readonly alsoEnded?: boolean;
}

/** The times of a fact, in any stored format. */
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

/** The parameters of conditions on the instant `name`. */
export function instantParams(name: string, { at, dayBefore, dayAfter }: Instant): Params {
  return { [name]: at, [`${name}DayBefore`]: dayBefore, [`${name}DayAfter`]: dayAfter };
}

export function momentParams({ asOf, knownAt }: Moment): Params {
  return { ...instantParams('asOf', asOf), ...(knownAt && instantParams('knownAt', knownAt)) };
}

/** Whether a stored time, with any offset, is after an instant. False for a missing or invalid time. */
export function isAfter(text: string | null, { at }: Instant): boolean {
  const time = normalizedTime(text);
  return time !== null && time > at;
}

/** A stored time in the graph's format; null if missing or invalid. */
export function normalizedTime(text: string | null): string | null {
  if (!text || text.endsWith('+00:00')) return text;
  const date = fromGraphTime(text);
  return date && toGraphTime(date);
}

/**
 * Conditions on a stored time, with a margin of a day for other offsets. The `coalesce`s are needed: FalkorDB 4.16 answers a one-sided `<`
 * on an indexed string with every row.
 */
const compared = (field: string, missing: string, operator: string, name: string, room: 'DayBefore' | 'DayAfter') => {
  const time = `coalesce(${field}, '${missing}')`;
  return `(${time} ${operator} $${name} OR ${time} ${operator} $${name}${room} AND NOT ${field} ENDS WITH '+00:00')`;
};
export const notAfterOrMissing = (field: string, name: string) => compared(field, '', '<=', name, 'DayAfter');
export const afterOrMissing = (field: string, name: string) => compared(field, '9', '>', name, 'DayBefore');
export const afterCondition = (field: string, name: string) => compared(field, '', '>', name, 'DayBefore');
export const fromCondition = (field: string, name: string) => compared(field, '', '>=', name, 'DayBefore');
export const beforeCondition = (field: string, name: string) => compared(field, '9', '<', name, 'DayAfter');

const BEGUN = notAfterOrMissing('e.valid_at', 'asOf');
const KNOWN = notAfterOrMissing('e.created_at', 'knownAt');
const OPEN = afterOrMissing('e.invalid_at', 'asOf');
const BELIEVED_OPEN = `(${OPEN} OR ${afterCondition('e.expired_at', 'knownAt')})`;

/** The condition that an edge `e` holds at a moment: it had not ended, or its end became known only later. */
export function holdsCondition({ knownAt, alsoEnded }: Moment): string {
  const begun = knownAt ? `${KNOWN} AND ${BEGUN}` : BEGUN;
  return alsoEnded ? begun : `${begun} AND ${knownAt ? BELIEVED_OPEN : OPEN}`;
}

/** The same for a returned fact. */
export function factHoldsAt(fact: FactTimes, moment: Moment): boolean {
  const { asOf, knownAt, alsoEnded } = moment;
  if (isAfter(fact.validAt, asOf) || (knownAt && isAfter(fact.createdAt, knownAt))) return false;
  return alsoEnded === true || !hasEnded(fact, moment);
}

/** Whether a fact had ended at a moment, by what was known then. */
export function hasEnded(times: Pick<FactTimes, 'invalidAt' | 'expiredAt'>, moment: Moment): boolean {
  const { invalidAt } = timesAsKnown(times, moment);
  return normalizedTime(invalidAt) !== null && !isAfter(invalidAt, moment.asOf);
}

/** The times of a fact as they were known at a moment: an end that was learned later is not there yet. */
export function timesAsKnown<Times extends Pick<FactTimes, 'invalidAt' | 'expiredAt'>>(
  times: Times,
  { knownAt }: Pick<Moment, 'knownAt'>,
): Times {
  return knownAt && isAfter(times.expiredAt, knownAt) ? { ...times, invalidAt: null, expiredAt: null } : times;
}
