import { expect, test } from 'vitest';
import { within } from '../../../src/opencode/within.ts';

const never = () => new Promise<string>(() => {});

test('gives what comes in time', async () => {
  expect(await within(1000, async () => 'here')).toBe('here');
});

test.each([20, 0, -300])('gives nothing after %i ms, and no warning on the terminal', async (limit) => {
  const warnings: Error[] = [];
  const note = (warning: Error) => warnings.push(warning);
  process.on('warning', note);

  expect(await within(limit, never)).toBeUndefined();
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', note);

  expect(warnings).toEqual([]);
});

test('gives nothing of what fails, at once or later', async () => {
  expect(await within(1000, () => Promise.reject(new Error('later')))).toBeUndefined();
  expect(
    await within(1000, () => {
      throw new Error('at once');
    }),
  ).toBeUndefined();
});
