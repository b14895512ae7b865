import { setImmediate } from 'node:timers/promises';
import { isOperationalError, isRepeatable } from '../errors.ts';

interface Pending<T, R> {
  readonly item: T;
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Runs work for several items in one call when that costs nearly the same as for one. The first item starts at once; items with
 * the same key that arrive meanwhile share the next call.
 * @param count how many waiting items, in order of arrival, the next call takes
 * @param work returns one result for each item; if one item makes it fail, the others are processed without it
 */
export function coalesce<T, R>(
  keyOf: (item: T) => string,
  count: (waiting: readonly T[]) => number,
  work: (items: readonly T[], key: string) => Promise<readonly R[]>,
): (item: T) => Promise<R> {
  const queues = new Map<string, Pending<T, R>[]>();

  async function drain(key: string, queue: Pending<T, R>[]): Promise<void> {
    while (queue.length > 0) {
      // Items that arrive in the same turn of the event loop share a call.
      await setImmediate();
      const next = queue.splice(0, count(queue.map(({ item }) => item)));
      await bisectOnFailure(
        next,
        async (part) => {
          const results = await work(
            part.map(({ item }) => item),
            key,
          );
          for (const [place, { resolve }] of part.entries()) resolve(results[place] as R);
        },
        (part, error) => {
          for (const { reject } of part) reject(error);
        },
      );
    }
    queues.delete(key);
  }

  return (item) =>
    new Promise((resolve, reject) => {
      const key = keyOf(item);
      const running = queues.get(key);
      const queue = running ?? [];
      queue.push({ item, resolve, reject });
      if (running) return;
      queues.set(key, queue);
      void drain(key, queue);
    });
}

/**
 * Runs `work` for all items. On failure it runs `work` for each half, down to the failing item, so that one item fails alone.
 * A retryable failure, such as a server that is down, fails all items at once.
 */
export async function bisectOnFailure<T>(
  items: readonly T[],
  work: (items: readonly T[]) => Promise<void>,
  fail: (items: readonly T[], error: unknown) => void | Promise<void>,
): Promise<void> {
  try {
    await work(items);
  } catch (error) {
    if (items.length < 2 || (isOperationalError(error) && isRepeatable(error))) return fail(items, error);
    const half = Math.ceil(items.length / 2);
    await bisectOnFailure(items.slice(0, half), work, fail);
    await bisectOnFailure(items.slice(half), work, fail);
  }
}
