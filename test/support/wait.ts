import { setTimeout as sleep } from 'node:timers/promises';
import { MINUTE } from '../../src/time.ts';

/** Time limit for a state: far longer than any promise, so that a slow machine fails no test. */
const LIMIT = 2 * MINUTE;

/** Waits until `state` returns a truthy value; throws after `limit` milliseconds. */
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

/** Waits for a while, in tests where nothing may happen. A longer wait detects more; a slow machine fails no test. */
export async function watchFor(milliseconds: number): Promise<void> {
  await sleep(milliseconds);
}

/** Waits until a random moment within `within` milliseconds, for tests that interrupt a process at any point. */
export async function randomMoment(chance: () => number, within: number): Promise<void> {
  await sleep(chance() * within);
}
