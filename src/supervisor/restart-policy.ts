import * as z from 'zod/mini';
import { MINUTE, SECOND } from '../time.ts';

/** Most restarts in a row. */
export const MAX_RESTARTS = 5;

/** A process that has run this long counts as healthy; its next death starts a new series. */
const WELL_AFTER = 15 * MINUTE;

/** Consecutive deaths and failed starts of one process, as stored in the running file of `up`. */
export const failuresShape = z.object({
  count: z.number(),
  /** Of the latest one, in milliseconds since 1970. */
  at: z.number(),
  /** Of the latest one, as the beginning of a sentence without a full stop. */
  reason: z.string(),
  gaveUp: z.boolean(),
});

export type Failures = z.output<typeof failuresShape>;

/** The series with one more failure. */
export function withFailure(previous: Failures | undefined, reason: string, now: number): Failures {
  const isSameRow = previous !== undefined && now - previous.at < WELL_AFTER;
  const count = isSameRow ? previous.count + 1 : 1;
  return { count, at: now, reason, gaveUp: count > MAX_RESTARTS };
}

/** Milliseconds from a failure to the restart: 0, 1, 2, 4 and 8 s. */
export const restartDelay = ({ count }: Failures): number => (count <= 1 ? 0 : 2 ** (count - 2) * SECOND);
