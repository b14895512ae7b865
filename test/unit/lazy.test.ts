import { describe, expect, test } from 'vitest';
import { lazy } from '../../src/lazy.ts';

function counted(failures = 0) {
  const seen = { opened: 0, closed: [] as number[] };
  const get = lazy(
    async () => {
      seen.opened += 1;
      if (seen.opened <= failures) throw new Error(`failure ${seen.opened}`);
      return seen.opened;
    },
    (thing) => seen.closed.push(thing),
  );
  return { seen, get };
}

describe('lazy', () => {
  test('opens on first use, once for all concurrent callers', async () => {
    const { seen, get } = counted();
    expect(seen.opened).toBe(0);

    expect(await Promise.all([get(), get(), get()])).toEqual([1, 1, 1]);
  });

  test('rejects all waiting callers on a failure; the next call tries again', async () => {
    const { get } = counted(1);

    const first = await Promise.allSettled([get(), get()]);

    expect(first.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await get()).toBe(2);
  });

  test('closes what was opened, once', async () => {
    const { seen, get } = counted();
    await get();

    await Promise.all([get.close(), get.close()]);

    expect(seen.closed).toEqual([1]);
  });

  test('closes a resource that is still opening, and rejects the waiting callers', async () => {
    const { seen, get } = counted();

    const [got] = await Promise.allSettled([get(), get.close()]);

    expect(got).toMatchObject({ status: 'rejected', reason: { message: 'The memory was closed.' } });
    expect(seen.closed).toEqual([1]);
  });

  test.each([true, false])('does not open again after the close (opened before: %s)', async (before) => {
    const { seen, get } = counted();
    if (before) await get();
    await get.close();

    await expect(get()).rejects.toThrow('The memory was closed.');

    expect(seen.opened).toBe(before ? 1 : 0);
  });

  test('has nothing to close after a failure', async () => {
    const { seen, get } = counted(1);

    await Promise.allSettled([get(), get.close()]);

    expect(seen.closed).toEqual([]);
  });
});
