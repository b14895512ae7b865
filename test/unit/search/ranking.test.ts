import { describe, expect, test } from 'vitest';
import { queryTerms, termsOf } from '../../../src/passages/terms.ts';
import type { Candidates } from '../../../src/search/answer/candidates/candidates.ts';
import { dateWindowOf } from '../../../src/search/answer/question/date-window.ts';
import { rank } from '../../../src/search/answer/ranking/rank.ts';
import { passageRow } from './passage-rows.ts';

const TEXT = 'The lighthouse listens on port 8080.';
const ANSWER = termsOf(TEXT).join(' ');
const NOW = new Date('2026-06-01T00:00:00Z');
type Row = Parameters<typeof passageRow>[0];
const saying = (episode: string, row: Partial<Row> = {}) =>
  passageRow({ episode, terms: ANSWER, length: ANSWER.split(' ').length, ...row });
const silent = (episode: string, row: Partial<Row> = {}) => saying(episode, { terms: 'rain', length: 1, ...row });

/** The uuids of passages in the order in which a question ranks them; equals by the names of their episodes. */
function order(
  text: string,
  passages: readonly ReturnType<typeof saying>[],
  more: Partial<Pick<Candidates, 'before' | 'after' | 'cosines' | 'stated' | 'facts'>> = {},
): string[] {
  const terms = queryTerms(text);
  const ranking = rank(
    { text, terms, window: dateWindowOf(text, NOW) },
    {
      ...{ passages, facts: [], before: new Map(), after: new Map(), cosines: new Map(), stated: new Map() },
      ...{ documentFrequencies: new Map(terms.map((term) => [term, 1])), passageCount: 100, ...more },
    },
  );
  return ranking.passages.map(({ passage }) => passage.uuid);
}

const QUESTION = 'On which port listens the lighthouse?';

describe('of two equal passages the one ranks first', () => {
  test('with the words of the question', () => {
    expect(order(QUESTION, [silent('a'), saying('b')])).toEqual(['b-0', 'a-0']);
  });

  test('that is shorter', () => {
    expect(order(QUESTION, [saying('a', { length: 200 }), saying('b')])).toEqual(['b-0', 'a-0']);
  });

  test('with more words of the question, rather than one word many times', () => {
    const once = saying('b', { terms: termsOf('lighthouse port').join(' '), length: 200 });
    const often = saying('a', { terms: termsOf('lighthouse '.repeat(20)).join(' '), length: 20 });
    expect(order('lighthouse port', [often, once])).toEqual(['b-0', 'a-0']);
  });

  test('that is closer in meaning', () => {
    const cosines = new Map([
      ['a-0', 0.3],
      ['b-0', 0.8],
    ]);
    expect(order(QUESTION, [silent('a'), silent('b')], { cosines })).toEqual(['b-0', 'a-0']);
  });

  test.each(['before', 'after'] as const)('with a neighbour directly %s that has the words of the question', (side) => {
    const neighbour = saying('z');
    const ranked = order(QUESTION, [silent('a'), silent('b'), neighbour], { [side]: new Map([['b-0', neighbour]]) });
    expect(ranked).toEqual(['z-0', 'b-0', 'a-0']);
  });

  test('whose episode has another passage with the words', () => {
    const ranked = order(QUESTION, [silent('a'), silent('b'), saying('b', { ordinal: 5 })]);
    expect(ranked).toEqual(['b-5', 'b-0', 'a-0']);
  });

  test('whose session has another episode with the words', () => {
    const ranked = order(QUESTION, [
      silent('a', { session: 'one' }),
      silent('b', { session: 'two' }),
      saying('z', { session: 'two' }),
    ]);
    expect(ranked).toEqual(['z-0', 'b-0', 'a-0']);
  });

  test('that states an answering fact', () => {
    expect(order(QUESTION, [silent('a'), silent('b')], { stated: new Map([['b-0', 0]]) })).toEqual(['b-0', 'a-0']);
  });

  test('that mentions an entity which a fact connects to an entity of the question', () => {
    const connects = (source: string, target: string) => [{ source, target, fact: 'x' } as Candidates['facts'][number]];
    const passages = [silent('a'), silent('b', { terms: termsOf('Valkey').join(' ') })];

    expect(order(QUESTION, passages, { facts: connects('Lighthouse', 'Valkey') })).toEqual(['b-0', 'a-0']);
    expect(order(QUESTION, passages, { facts: connects('Valkey', 'Lighthouse') })).toEqual(['b-0', 'a-0']);
    expect(order(QUESTION, passages, { facts: connects('Harbor', 'Valkey') })).toEqual(['a-0', 'b-0']);
  });

  test('that is slightly less similar but newer', () => {
    const cosines = new Map([
      ['a-0', 0.51],
      ['b-0', 0.5],
    ]);
    const newer = { time: '2026-05-30T10:00:00+00:00' };
    expect(order(QUESTION, [silent('a'), silent('b', newer)], { cosines })).toEqual(['b-0', 'a-0']);
  });

  test('by the speaker named in the question', () => {
    const ranked = order('What did Ann say of the port?', [silent('a', { role: 'Ben' }), silent('b', { role: 'Ann' })]);
    expect(ranked).toEqual(['b-0', 'a-0']);
  });

  test('from the day named in the question', () => {
    const [other, named] = ['2026-05-30T10:00:00+00:00', '2026-03-02T10:00:00+00:00'];
    const passages = [silent('a', { time: other }), silent('b', { time: named })];
    expect(order('Which port?', passages)).toEqual(['a-0', 'b-0']);
    expect(order('Which port on 2026-03-02?', passages)).toEqual(['b-0', 'a-0']);
  });

  test.each<[Row['kind'], string]>([
    ['procedure', 'How do I restart the lighthouse?'],
    ['list', 'Which ports are open?'],
    ['table', 'List all the ports.'],
    ['steps', 'How do I restart the lighthouse?'],
    ['sections', 'Which ports are open?'],
  ])('that is a %s when the question asks for one: %s', (kind, text) => {
    const passages = [silent('a'), silent('b', { kind })];
    expect(order('Is the lighthouse awake?', passages)).toEqual(['a-0', 'b-0']);
    expect(order(text, passages)).toEqual(['b-0', 'a-0']);
  });

  test.each(['Why did the list fail?', 'Which continuous integration runs?', 'Which is open?'])(
    'that is a list, but only if the question asks for several things: %s',
    (text) => {
      expect(order(text, [silent('a'), silent('b', { kind: 'list' })])).toEqual(['a-0', 'b-0']);
    },
  );

  test.each<[string, Partial<Row>]>([
    ['asks itself', { asks: true }],
    ['is what the user asked an agent', { role: 'user' }],
    ['is a tool output', { kind: 'tool' }],
  ])('unlike a passage that %s', (_, row) => {
    expect(order(QUESTION, [saying('a', row), saying('b')])).toEqual(['b-0', 'a-0']);
  });
});

test.each([
  ['What happened on 2025-11-03?', '2025-11-03', '2025-11-04'],
  ['What happened in 2025-11?', '2025-11-01', '2025-12-01'],
  ['What happened on 3 November 2025?', '2025-11-03', '2025-11-04'],
  ['What happened on the 3rd of May?', '2026-05-03', '2026-05-04'],
  ['What happened on 3 November?', '2025-11-03', '2025-11-04'],
  ['What happened on Nov. 3rd, 2024?', '2024-11-03', '2024-11-04'],
  ['What happened on March 5?', '2026-03-05', '2026-03-06'],
  ['What happened in March?', '2026-03-01', '2026-04-01'],
  ['What happened in July?', '2025-07-01', '2025-08-01'],
  ['What happened during December 2024?', '2024-12-01', '2025-01-01'],
  ['What happened today?', '2026-06-01', '2026-06-02'],
  ['What happened yesterday?', '2026-05-31', '2026-06-01'],
  ['What happened this week?', '2026-05-26', '2026-06-02'],
  ['What happened last week?', '2026-05-19', '2026-06-01'],
  ['What happened this month?', '2026-06-01', '2026-07-01'],
  ['What happened last month?', '2026-05-01', '2026-06-01'],
])('%s covers the days from %s until before %s', (question, from, to) => {
  const window = dateWindowOf(question, new Date('2026-06-01T15:00:00Z'));

  expect(window && [window.from, window.to].map((day) => day.toISOString())).toEqual(
    [from, to].map((day) => `${day}T00:00:00.000Z`),
  );
});

test.each(['What may happen?', 'Where does the march of progress lead?', 'Which port has release 1.7.2?'])(
  'a question without a day covers all time: %s',
  (question) => {
    expect(dateWindowOf(question, NOW)).toBeUndefined();
  },
);
