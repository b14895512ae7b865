import { describe, expect, test } from 'vitest';
import { goldenGraph, goldenNote, hasGoldenGraph } from '../../support/graphiti/golden.ts';
import { toyVector } from '../../support/graphiti/toy-embedder.ts';

describe(`the toy embedder${goldenNote}`, () => {
  test.skipIf(!hasGoldenGraph)('gives the vectors in the golden graph', () => {
    const { nodes, edges } = goldenGraph();
    const stored = [...nodes, ...edges].flatMap(({ properties: { name, fact, name_embedding, fact_embedding } }) => {
      const vector = (fact_embedding ?? name_embedding) as number[] | undefined;
      return vector ? [{ text: String(fact ?? name), vector }] : [];
    });

    expect(stored.length).toBeGreaterThan(30);
    for (const { text, vector } of stored)
      for (const [place, value] of toyVector(text).entries()) expect(value).toBeCloseTo(vector[place] ?? Number.NaN, 5);
  });

  test('gives a zero vector for a text without trigrams instead of dividing by zero', () => {
    expect(toyVector('Go')).toEqual(new Array(64).fill(0));
  });
});
