import { setImmediate } from 'node:timers/promises';
import { isForeseen, isRetried } from '../errors.ts';

interface Waiting<T, R> {
  readonly item: T;
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Does for many at once what costs nearly the same for one. The first that comes is done at once, so that nobody waits in vain;
 * what comes meanwhile with the same key is done together next.
 * @param count how many of those that wait, in the order in which they came, are done next
 * @param work gives one result for each item; when it fails over one of them, the others are done without that one
 */
export function together<T, R>(
  keyOf: (item: T) => string,
  count: (waiting: readonly T[]) => number,
  work: (items: readonly T[], key: string) => Promise<readonly R[]>,
): (item: T) => Promise<R> {
  const lines = new Map<string, Waiting<T, R>[]>();

  async function drain(key: string, line: Waiting<T, R>[]): Promise<void> {
    while (line.length > 0) {
      // What came with the same answers of a server belongs together.
      await setImmediate();
      const next = line.splice(0, count(line.map(({ item }) => item)));
      await inHalves(
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
    lines.delete(key);
  }

  return (item) =>
    new Promise((resolve, reject) => {
      const key = keyOf(item);
      const known = lines.get(key);
      const line = known ?? [];
      line.push({ item, resolve, reject });
      if (known) return;
      lines.set(key, line);
      void drain(key, line);
    });
}

/**
 * Does `work` for all; when that fails over one of them, for each half, and so on down to that one: it must not take the others
 * with it, and they are not asked for one by one. What lies in a server fails for all.
 */
export async function inHalves<T>(
  items: readonly T[],
  work: (items: readonly T[]) => Promise<void>,
  fail: (items: readonly T[], error: unknown) => void | Promise<void>,
): Promise<void> {
  try {
    await work(items);
  } catch (error) {
    if (items.length < 2 || (isForeseen(error) && isRetried(error))) return fail(items, error);
    const half = Math.ceil(items.length / 2);
    await inHalves(items.slice(0, half), work, fail);
    await inHalves(items.slice(half), work, fail);
  }
}
