import { expect, test } from 'vitest';
import { queryTerms } from '../../../src/passages/terms.ts';
import { outdatedFactor } from '../../../src/search/answer/outdated/outdated-factor.ts';
import { SHORT_TEXT_FACTOR } from '../../../src/search/answer/ranking/rank.ts';
import { passageRow } from './passage-rows.ts';

const TEXT = 'The gateway of Harbor listens on port 8080. Labels are rendered in Hamburg.';
const ENDED = [{ start: 0, end: TEXT.indexOf(' Labels'), until: '2026-03-20T00:00:00+00:00', kind: 'ended' as const }];
const factor = (question: string, ended = ENDED) =>
  outdatedFactor(
    passageRow({ episode: 'a', start: 0, end: TEXT.length }),
    TEXT,
    ended,
    new Map(queryTerms(question).map((term) => [term, 1])),
  );

test('a passage that answers with an ended statement ranks behind current passages and facts', () => {
  expect(factor('On which port does the gateway listen?')).toBeLessThan(SHORT_TEXT_FACTOR);
});

test('a passage in which a different sentence has ended keeps its rank', () => {
  expect(factor('Where are labels rendered?')).toBe(1);
  expect(factor('On which port does the gateway listen?', [])).toBe(1);
});
