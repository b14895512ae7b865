import { describe, expect, test } from 'vitest';
import { reciprocalRankFusion } from '../../../../../src/search/recipes/rankers/rrf.ts';

describe('reciprocal rank fusion, as graphiti_core computes it', () => {
  test.each([
    [1, { a: 1.5, c: 4 / 3, b: 0.5, d: 1 / 3 }],
    [60, { a: 0.0330601, c: 0.0327957, b: 0.0163934, d: 0.016129 }],
  ])('gives the same scores with the constant %i', (constant, expected) => {
    const fused = reciprocalRankFusion(
      [
        ['a', 'b', 'c'],
        ['c', 'a', 'd'],
      ],
      constant,
    );

    expect(fused.map(({ id }) => id)).toEqual(Object.keys(expected));
    for (const { id, score } of fused) expect(score).toBeCloseTo(expected[id as keyof typeof expected], 6);
  });

  test('keeps the input order of ties', () => {
    const fused = reciprocalRankFusion([
      ['a', 'b'],
      ['b', 'a'],
    ]);

    expect(fused).toEqual([
      { id: 'a', score: 1.5 },
      { id: 'b', score: 1.5 },
    ]);
  });

  test('gives an empty list for an empty list', () => expect(reciprocalRankFusion([[], []])).toEqual([]));
});
