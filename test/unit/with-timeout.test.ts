import { expect, test } from 'vitest';
import { withTimeout } from '../../src/with-timeout.ts';

const never = new Promise<string>(() => {});
const late = () => 'late' as const;

test('returns a result that is in time', async () => {
  expect(await withTimeout(1000, Promise.resolve('here'), late)).toBe('here');
});

test('throws an error that is in time', async () => {
  await expect(withTimeout(1000, Promise.reject(new Error('no')), late)).rejects.toThrow('no');
});

test.each([20, 0, -300])('returns the fallback after %i ms, without a warning on the terminal', async (limit) => {
  const warnings: Error[] = [];
  const note = (warning: Error) => warnings.push(warning);
  process.on('warning', note);

  expect(await withTimeout(limit, never, late)).toBe('late');
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', note);

  expect(warnings).toEqual([]);
});

test('throws an error of the fallback', async () => {
  const fail = () => {
    throw new Error('too late');
  };

  await expect(withTimeout(10, never, fail)).rejects.toThrow('too late');
});

test('a later failure is ignored', async () => {
  const failing = Promise.withResolvers<string>();

  expect(await withTimeout(5, failing.promise, late)).toBe('late');
  failing.reject(new Error('afterwards'));
  await new Promise((resolve) => setImmediate(resolve));
});
