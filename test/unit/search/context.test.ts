import { expect, test } from 'vitest';
import { joinPassages } from '../../../src/search/answer/ranking/join-passages.ts';
import type { RankedPassage } from '../../../src/search/answer/ranking/rank.ts';
import { rankedPassage } from './passage-rows.ts';

const shown = (ranked: readonly RankedPassage[], limit = 5) =>
  joinPassages(ranked, new Set(ranked.filter(({ score }) => score >= 0.5)), limit).map(
    ({ passage: { episode, start, end } }) => `${episode} ${start}-${end}`,
  );

test('adjacent ranked passages are shown as one', () => {
  const ranked = [
    rankedPassage({ episode: 'a', ordinal: 1 }, 1),
    rankedPassage({ episode: 'b' }, 0.8),
    rankedPassage({ episode: 'a', ordinal: 0 }, 0.6),
    rankedPassage({ episode: 'a', ordinal: 2 }, 0.1),
  ];
  expect(shown(ranked)).toEqual(['a 0-299', 'b 0-99']);
  expect(shown(ranked, 1)).toEqual(['a 0-299']);
});

test('a short passage is shown with the text after it', () => {
  const further = Array.from({ length: 12 }, (_, place) => rankedPassage({ episode: `other ${place}` }, 0.2));
  const ranked = [
    rankedPassage({ episode: 'a', end: 40 }, 1),
    ...further,
    rankedPassage({ episode: 'a', ordinal: 1, start: 42, end: 300 }, 0),
  ];
  expect(shown(ranked)).toEqual(['a 0-300']);
});

test('passages below different headings, or too long together, stay separate', () => {
  const other = rankedPassage({ episode: 'a', ordinal: 1, headings: [0, 5] }, 0.9);
  expect(shown([rankedPassage({ episode: 'a', end: 99 }, 1), other])).toEqual(['a 0-99', 'a 100-199']);
  const long = rankedPassage({ episode: 'b', ordinal: 1, start: 100, end: 1_000 }, 0.9);
  expect(shown([rankedPassage({ episode: 'b', end: 99 }, 1), long])).toEqual(['b 0-99', 'b 100-1000']);
});

test('only the better of two overlapping passages is shown', () => {
  const ranked = [
    rankedPassage({ episode: 'a', start: 0, end: 100 }, 1),
    rankedPassage({ episode: 'a', ordinal: 5, start: 20, end: 100 }, 0.9),
  ];
  expect(shown(ranked)).toEqual(['a 0-100']);
});

test('a requested long list is shown with all of its passages, below the headings of the first', () => {
  const signals = { shape: 1 } as RankedPassage['signals'];
  const piece = (ordinal: number, score: number, row: object = {}): RankedPassage => ({
    ...rankedPassage(
      {
        ...{ episode: 'a', kind: 'list', ordinal, start: 2_300 * ordinal, end: 2_300 * ordinal + 2_290 },
        ...{ headings: ordinal === 0 ? [] : [0, 9], ...row },
      },
      score,
    ),
    signals,
  });
  const ranked = [piece(1, 1), rankedPassage({ episode: 'b' }, 0.9), piece(2, 0.8), piece(0, 0.1)];

  const [whole, other, ...none] = joinPassages(ranked, new Set(ranked.slice(0, 3)), 5);

  expect(whole?.passage).toMatchObject({ start: 0, end: 6_890, headings: [] });
  expect([whole?.isWhole, other?.isWhole, none]).toEqual([true, undefined, []]);
  const short = piece(1, 0.2, { start: 2_291, end: 2_380, headings: [] });
  const [alone] = joinPassages([piece(0, 1), short], new Set([short]), 5);
  expect(alone?.passage.start, 'two lists that would have fitted into one passage').toBe(2_291);
});

test('steps with headings of their own are shown with all of the steps, and nothing after them', () => {
  const signals = { shape: 1 } as RankedPassage['signals'];
  const lead = { ...rankedPassage({ episode: 'a', kind: 'steps', headings: [0, 5] }, 1), signals };
  const step = (ordinal: number, score: number, headings: number[]) =>
    rankedPassage({ episode: 'a', ordinal, headings }, score);
  const ranked = [lead, step(2, 0.9, [0, 5, 20, 25]), step(1, 0.1, [0, 5, 10, 15]), step(3, 0.1, [30, 35])];

  expect(shown(ranked)).toEqual(['a 0-299']);
  const [whole] = joinPassages(ranked, new Set([lead]), 5);
  expect(whole?.passage.kind, 'its sections are its text, no outline').toBe('procedure');
});
