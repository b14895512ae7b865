import { expect, test } from 'vitest';
import { InvalidInputError, StoreUnreachableError } from '../../../src/errors.ts';
import { bisectOnFailure, coalesce } from '../../../src/ingest/coalesce.ts';

const all = (waiting: readonly unknown[]) => waiting.length;

test('items that arrive together are processed together, and items that arrive meanwhile form the next batch', async () => {
  const batches: number[][] = [];
  const gates: (() => void)[] = [];
  const double = coalesce<number, number>(
    () => 'same',
    all,
    async (items) => {
      batches.push([...items]);
      await new Promise<void>((resolve) => gates.push(resolve));
      return items.map((item) => item * 2);
    },
  );
  const first = [1, 2].map(double);
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  const second = [3, 4, 5].map(double);

  gates[0]?.();
  expect(await Promise.all(first)).toEqual([2, 4]);
  await expect.poll(() => gates.length).toBe(2);
  gates[1]?.();

  expect(await Promise.all(second)).toEqual([6, 8, 10]);
  expect(batches).toEqual([
    [1, 2],
    [3, 4, 5],
  ]);
});

test('items with different keys are processed separately, in batches of the counted size at most', async () => {
  const batches: string[] = [];
  const note = coalesce<string, void>(
    (item) => item.slice(0, 1),
    (waiting) => Math.min(waiting.length, 2),
    async (items, key) => {
      batches.push(`${key}: ${items.join(' ')}`);
      return [];
    },
  );

  await Promise.all(['a1', 'a2', 'b1', 'a3'].map(note));

  expect(batches.sort()).toEqual(['a: a1 a2', 'a: a3', 'b: b1']);
});

test('a failing item is found by bisection and does not affect the others', async () => {
  let asked = 0;
  const done: number[] = [];
  const failed: number[] = [];
  await bisectOnFailure(
    Array.from({ length: 32 }, (_, index) => index),
    async (items) => {
      asked += 1;
      if (items.includes(20)) throw new InvalidInputError('no');
      done.push(...items);
    },
    (items) => void failed.push(...items),
  );

  expect(failed).toEqual([20]);
  expect(done).toHaveLength(31);
  expect(asked).toBe(1 + 2 * 5);
});

test('a server error fails all items after a single attempt', async () => {
  let asked = 0;
  const failed: number[] = [];
  await bisectOnFailure(
    [1, 2, 3, 4],
    async () => {
      asked += 1;
      throw new StoreUnreachableError('away');
    },
    (items) => void failed.push(...items),
  );

  expect([asked, failed]).toEqual([1, [1, 2, 3, 4]]);
});
