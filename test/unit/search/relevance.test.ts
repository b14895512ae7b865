import { expect, test } from 'vitest';
import { queryTerms, termsOf } from '../../../src/passages/terms.ts';
import { rank } from '../../../src/search/answer/ranking/rank.ts';
import { countRelevant, keepRelevant, likelihoodOf } from '../../../src/search/answer/ranking/relevance.ts';
import { passageRow } from './passage-rows.ts';

test('a question that the memory has words for is more likely to be answered than an unrelated one', () => {
  const known = likelihoodOf({ meaning: 0.6, score: 1.5, unknown: 0 });
  const foreign = likelihoodOf({ meaning: 0.1, score: 0.2, unknown: 1 });
  expect(countRelevant(known, 5)).toBe(5);
  expect(countRelevant(foreign, 5)).toBe(0);
});

test('the lower the likelihood, the fewer results are shown, but never fewer than one of a single result', () => {
  const counts = [0.05, 0.2, 0.4, 0.6].map((likelihood) => countRelevant(likelihood, 10));
  expect(counts).toEqual([0, 2, 4, 10]);
  expect(countRelevant(0.2, 1)).toBe(1);
});

test.each([
  ['a name that few passages contain', 'Which wavelength, colour and voltage has Koloshadalo?', 2, 1],
  ['an identifier that few passages contain', 'which wavelength, colour and voltage has kolo-shadalo?', 2, 1],
  ['a name that many passages contain', 'Which wavelength, colour and voltage has Koloshadalo?', 40, 0],
  ['a word that is not a name', 'which wavelength, colour and voltage has koloshadalo?', 2, 0],
])('with everything else unknown, %s decides whether a result is shown', (_, text, passagesWithName, shown) => {
  const terms = queryTerms(text);
  const passage = passageRow({
    episode: 'a',
    terms: termsOf('Alpha closes kolo-shadalo, or koloshadalo.').join(' '),
    length: 8,
  });
  const candidates = {
    ...{ passages: [passage], facts: [], before: new Map(), after: new Map(), cosines: new Map(), stated: new Map() },
    ...{
      documentFrequencies: new Map(terms.map((term) => [term, /kolo|shadalo/.test(term) ? passagesWithName : 0])),
      passageCount: 100,
    },
  };

  expect(keepRelevant(rank({ text, terms, window: undefined }, candidates), 5).count).toBe(shown);
});
