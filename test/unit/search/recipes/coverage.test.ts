import { expect, test } from 'vitest';
import { bestSentence, byCoverage as covered } from '../../../../src/search/recipes/coverage.ts';

const byCoverage = (query: string, texts: ReadonlyMap<string, string>) => covered(query, texts).map(({ id }) => id);

test('the text with more of the question, and its rarer words, ranks first', () => {
  const texts = new Map([
    ['often', 'Harbor needs Redis'],
    ['rare', 'Harbor caches queries'],
    ['one', 'Redis'],
    ['none', 'Quay sails'],
    ['both', 'Harbor caches sessions in Redis'],
  ]);

  expect(byCoverage('Which Redis does Harbor use for caching?', texts)).toEqual(['both', 'rare', 'often', 'one']);
});

test('a word counts in any of its forms, and a question word never counts', () => {
  const texts = new Map([
    ['forms', 'ADDED tables'],
    ['question', 'what how why'],
  ]);

  expect(byCoverage('What is adding to it?', texts)).toEqual(['forms']);
});

test('a question without content words covers nothing', () => {
  expect(byCoverage('what is the', new Map([['a', 'what is the']]))).toEqual([]);
  expect(byCoverage('Harbor', new Map())).toEqual([]);
});

test('the sentence with most words of the question represents the text', () => {
  const text = 'Harbor keeps sessions in Redis.\nRemember the plants. There were wobbly zebras everywhere!';

  expect(bestSentence('wobbly zebras', text)).toBe('There were wobbly zebras everywhere!');
  expect(bestSentence('nothing of it', text)).toBe('Harbor keeps sessions in Redis.');
});
