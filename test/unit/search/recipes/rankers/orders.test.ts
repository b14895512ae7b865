import { describe, expect, test } from 'vitest';
import { byModelScore } from '../../../../../src/search/recipes/rankers/cross-encoder.ts';
import { byDistance } from '../../../../../src/search/recipes/rankers/distance.ts';
import { byMentions } from '../../../../../src/search/recipes/rankers/mentions.ts';

const fused = ['a', 'b', 'c', 'd'].map((id, place) => ({ id, score: 1 / (place + 1) }));
const ids = (ranked: readonly { id: string }[]) => ranked.map(({ id }) => id).join('');

describe('distance', () => {
  test('ranks the centre first, then neighbours, and unreachable nodes last; ties keep their order', () => {
    const ranked = byDistance(
      fused,
      new Map([
        ['d', 0],
        ['b', 1],
        ['c', 1],
      ]),
    );

    expect(ids(ranked)).toBe('dbca');
    expect(ranked.map(({ score }) => score)).toEqual([1, 1 / 2, 1 / 2, 0]);
  });
});

describe('mentions', () => {
  // graphiti_core sorts entities upwards: `b` with one mention would come before `c` with three.
  test('rank the most mentioned first; ties keep their order', () => {
    const ranked = byMentions(
      fused,
      new Map([
        ['b', 1],
        ['c', 3],
      ]),
    );

    expect(ids(ranked)).toBe('cbad');
    expect(ranked.map(({ score }) => score)).toEqual([3, 1, 0, 0]);
  });
});

describe('the cross-encoder', () => {
  const asked: (readonly string[])[] = [];
  const judge = async (_: string, passages: readonly string[]) => {
    asked.push(passages);
    return passages.map((passage) => passage.length / 10);
  };

  test('scores all passages in one call, duplicates once', async () => {
    const ranked = await byModelScore(
      judge,
      'q',
      new Map([
        ['a', 'x'],
        ['b', 'xxx'],
        ['c', 'x'],
        ['d', 'xx'],
      ]),
    );

    expect(asked).toEqual([['x', 'xxx', 'xx']]);
    expect(ids(ranked)).toBe('bdac');
  });

  test('is not called without passages', async () => {
    const none = () => Promise.reject(new Error('asked'));

    expect(await byModelScore(none, 'q', new Map())).toEqual([]);
  });
});
