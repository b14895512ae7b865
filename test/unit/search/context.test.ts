import { expect, test } from 'vitest';
import { inContext } from '../../../src/search/context.ts';
import type { RankedPassage } from '../../../src/search/rank.ts';
import { rankedPassage } from './passage-rows.ts';

const shown = (ranked: readonly RankedPassage[], limit = 5) =>
  inContext(ranked, new Set(ranked.filter(({ score }) => score >= 0.5)), limit).map(
    ({ passage: { episode, start, end } }) => `${episode} ${start}-${end}`,
  );

test('neighbours that were ranked too are shown as one', () => {
  const ranked = [
    rankedPassage({ episode: 'a', ordinal: 1 }, 1),
    rankedPassage({ episode: 'b' }, 0.8),
    rankedPassage({ episode: 'a', ordinal: 0 }, 0.6),
    rankedPassage({ episode: 'a', ordinal: 2 }, 0.1),
  ];
  expect(shown(ranked)).toEqual(['a 0-299', 'b 0-99']);
  expect(shown(ranked, 1)).toEqual(['a 0-299']);
});

test('a short passage is shown with what follows', () => {
  const further = Array.from({ length: 12 }, (_, place) => rankedPassage({ episode: `other ${place}` }, 0.2));
  const ranked = [
    rankedPassage({ episode: 'a', end: 40 }, 1),
    ...further,
    rankedPassage({ episode: 'a', ordinal: 1, start: 42, end: 300 }, 0),
  ];
  expect(shown(ranked)).toEqual(['a 0-300']);
});

test('what stands below other headings, or is too long together, stays apart', () => {
  const other = rankedPassage({ episode: 'a', ordinal: 1, headings: [0, 5] }, 0.9);
  expect(shown([rankedPassage({ episode: 'a', end: 99 }, 1), other])).toEqual(['a 0-99', 'a 100-199']);
  const long = rankedPassage({ episode: 'b', ordinal: 1, start: 100, end: 1_000 }, 0.9);
  expect(shown([rankedPassage({ episode: 'b', end: 99 }, 1), long])).toEqual(['b 0-99', 'b 100-1000']);
});

test('of passages that overlap the better one is shown', () => {
  const ranked = [
    rankedPassage({ episode: 'a', start: 0, end: 100 }, 1),
    rankedPassage({ episode: 'a', ordinal: 5, start: 20, end: 100 }, 0.9),
  ];
  expect(shown(ranked)).toEqual(['a 0-100']);
});
