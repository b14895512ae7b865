import { DAY } from '../time.ts';

/** How many archives of which kind are kept. */
export interface Retention {
  readonly daily: number;
  readonly weekly: number;
  readonly monthly: number;
}

export interface Kept {
  readonly at: Date;
  /** Whether it was found whole. */
  readonly isVerified: boolean;
}

/**
 * Which archives are kept: of each of the last days, weeks (from Monday) and months, in UTC, in which there is any, the newest,
 * and always the newest of all and the newest that was verified. Nothing depends on what time it is now, so that a clock that
 * runs wrong, or a long pause, removes nothing.
 */
export function keepers<T extends Kept>(archives: readonly T[], { daily, weekly, monthly }: Retention): Set<T> {
  const newestFirst = [...archives].sort((a, b) => b.at.getTime() - a.at.getTime());
  const always = [newestFirst[0], newestFirst.find(({ isVerified }) => isVerified)];
  return new Set([
    ...always.filter((it) => it !== undefined),
    ...newestOfEach(newestFirst, dayOf, daily),
    ...newestOfEach(newestFirst, (at) => Math.floor((dayOf(at) + 3) / 7), weekly),
    ...newestOfEach(newestFirst, (at) => at.getUTCFullYear() * 12 + at.getUTCMonth(), monthly),
  ]);
}

// Day 0 was a Thursday: three days before it a week began.
const dayOf = (at: Date): number => Math.floor(at.getTime() / DAY);

function newestOfEach<T extends Kept>(newestFirst: readonly T[], period: (at: Date) => number, count: number): T[] {
  const found = new Map<number, T>();
  for (const it of newestFirst) {
    const key = period(it.at);
    if (!found.has(key)) found.set(key, it);
  }
  return [...found.values()].slice(0, count);
}
