import { expect, test } from 'vitest';
import { costOf } from '../../../src/models/prices.ts';

const MILLION = 1_000_000;

test.each([
  ['gpt-4.1-mini', MILLION, 0, 0.4],
  ['gpt-4.1-mini', 0, MILLION, 1.6],
  ['gpt-4.1-mini-2025-04-14', 500_000, 250_000, 0.6],
  ['text-embedding-3-small', MILLION, 0, 0.02],
  ['local-english', 0, 0, 0],
])('%s costs for %i input tokens and %i output tokens %f dollars', (model, prompt, completion, dollars) => {
  expect(costOf(model, prompt, completion)).toBeCloseTo(dollars, 10);
});

test.each(['a-model-of-mine', 'toString'])('the cost of %s is unknown', (model) => {
  expect(costOf(model, 1, 1)).toBeUndefined();
});

test('a configured price overrides the built-in price and adds unknown models', () => {
  const prices = { 'gpt-4.1-mini': [1, 2], mine: [3, 4] } as const;

  expect(costOf('gpt-4.1-mini', MILLION, MILLION, prices)).toBe(3);
  expect(costOf('mine', MILLION, MILLION, prices)).toBe(7);
});
