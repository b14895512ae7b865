import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until `state` gives something; fails loudly when it does not within `limit` milliseconds. */
export async function until<T>(
  what: string,
  state: () => Promise<T | undefined | false> | T | undefined | false,
  limit = 30_000,
): Promise<T> {
  for (const end = Date.now() + limit; Date.now() < end; await sleep(20)) {
    const now = await state();
    if (now) return now;
  }
  throw new Error(`${what} did not happen within ${limit} ms`);
}
