import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { mapConcurrently } from '../../src/map-concurrently.ts';

test('work runs with limited concurrency, and results are in the order of the items', async () => {
  let busy = 0;
  let most = 0;

  const results = await mapConcurrently([5, 1, 4, 2, 3], 2, async (item) => {
    busy += 1;
    most = Math.max(most, busy);
    for (let i = 0; i < item; i += 1) await turn();
    busy -= 1;
    return item * 10;
  });

  expect(results).toEqual([50, 10, 40, 20, 30]);
  expect(most).toBe(2);
});

test('after a failure the running work finishes and no more is started', async () => {
  const begun: number[] = [];
  const ended: number[] = [];

  const work = mapConcurrently([1, 2, 3, 4, 5], 2, async (item) => {
    begun.push(item);
    if (item === 2) throw new Error('no');
    await turn();
    ended.push(item);
  });

  await expect(work).rejects.toThrow('no');
  expect(begun).toEqual([1, 2]);
  expect(ended).toEqual([1]);
});
