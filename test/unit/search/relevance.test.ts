import { expect, test } from 'vitest';
import { likelihoodOf, worthShowing } from '../../../src/search/relevance.ts';

test('what the memory holds is more likely to answer than what it has no words for', () => {
  const known = likelihoodOf({ meaning: 0.6, score: 1.5, unknown: 0 });
  const foreign = likelihoodOf({ meaning: 0.1, score: 0.2, unknown: 1 });
  expect(worthShowing(known, 5)).toBe(5);
  expect(worthShowing(foreign, 5)).toBe(0);
});

test('the less likely, the fewer are shown, but never less than one of them', () => {
  const counts = [0.05, 0.2, 0.4, 0.6].map((likelihood) => worthShowing(likelihood, 10));
  expect(counts).toEqual([0, 2, 4, 10]);
  expect(worthShowing(0.2, 1)).toBe(1);
});
