import { setTimeout as sleep } from 'node:timers/promises';
import { MINUTE } from '../../src/time.ts';

/** How long a state may take before the test gives up: far more than any promise, so that only what never happens is late. */
const LIMIT = 2 * MINUTE;

/** Waits until `state` gives something; fails loudly when it does not within `limit` milliseconds. */
export async function until<T>(
  what: string,
  state: () => Promise<T | undefined | false> | T | undefined | false,
  limit = LIMIT,
): Promise<T> {
  for (const end = Date.now() + limit; Date.now() < end; await sleep(20)) {
    const now = await state();
    if (now) return now;
  }
  throw new Error(`${what} did not happen within ${limit} ms`);
}

/** Looks on for a while, for tests in which nothing may happen. A longer look sees more; being slow fails none of them. */
export async function watchFor(milliseconds: number): Promise<void> {
  await sleep(milliseconds);
}

/** A random moment within the next milliseconds, for tests that meet a process wherever it is in its work. */
export async function randomMoment(chance: () => number, within: number): Promise<void> {
  await sleep(chance() * within);
}
