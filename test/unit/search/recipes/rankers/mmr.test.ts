import { describe, expect, test } from 'vitest';
import { maximalMarginalRelevance } from '../../../../../src/search/recipes/rankers/mmr.ts';

const candidates = new Map([
  ['best', [1, 0, 0]],
  ['twin', [0.999, 0.045, 0]],
  ['other', [0.6, 0, 0.8]],
]);
const order = (lambda?: number, limit = 9) =>
  maximalMarginalRelevance([1, 0.05, 0], candidates, limit, lambda).map(({ id }) => id);

describe('maximal marginal relevance', () => {
  test('ranks a different candidate before a near-duplicate of a chosen one', () =>
    expect(order()).toEqual(['twin', 'other', 'best']));

  test('with λ = 1 sorts by relevance alone', () => expect(order(1)).toEqual(['twin', 'best', 'other']));

  // graphiti_core weighs each against all others at once and puts both twins last.
  test('ranks one of two duplicates first, where graphiti ranks both last', () =>
    expect(order(0.5, 1)).toEqual(['twin']));

  test('gives non-increasing scores, whatever the length of the query', () => {
    const scores = maximalMarginalRelevance([10, 0.5, 0], candidates, 9).map(({ score }) => score);

    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    expect(scores[0]).toBeCloseTo(0.5, 3);
    expect(scores[1]).toBeCloseTo(0.5 * 0.6 - 0.5 * 0.6, 1);
  });

  test('keeps candidates without a vector, as unrelated', () => {
    const ranked = maximalMarginalRelevance(
      [1, 0],
      new Map([
        ['none', []],
        ['some', [1, 0]],
      ]),
      9,
    );

    expect(ranked).toEqual([
      { id: 'some', score: 0.5 },
      { id: 'none', score: 0 },
    ]);
  });

  test('gives an empty list for an empty list', () => expect(maximalMarginalRelevance([1], new Map(), 5)).toEqual([]));
});
