import { expect, test } from 'vitest';
import type { PassageRow } from '../../../src/graph/queries/passages.ts';
import { queryTerms, termsOf } from '../../../src/passages/terms.ts';
import type { Candidates } from '../../../src/search/answer/candidates/candidates.ts';
import {
  breakTie,
  factScoreParts,
  passageScoreParts,
  rank,
  SHORT_TEXT_FACTOR,
  WEIGHTS,
} from '../../../src/search/answer/ranking/rank.ts';
import { passageRow } from './passage-rows.ts';

test('ties are sorted newest first, then by position and text, and by uuid only if nothing else differs', () => {
  const [old, recent] = ['2026-03-02T10:00:00+00:00', '2026-03-03T10:00:00+00:00'];
  const inOrder: PassageRow[] = [
    passageRow({ episode: 'g', time: recent, known: old, ordinal: 2 }),
    passageRow({ episode: 'f', time: old, known: recent, ordinal: 1 }),
    passageRow({ episode: 'e', time: old, known: old, ordinal: 0, terms: 'b' }),
    passageRow({ episode: 'd', time: old, known: old, ordinal: 1, terms: 'a' }),
    passageRow({ episode: 'c', time: old, known: old, ordinal: 1, terms: 'b' }),
    passageRow({ episode: 'x', time: old, known: old, ordinal: 1, terms: 'b' }),
  ];

  expect(inOrder.toReversed().sort(breakTie)).toEqual(inOrder);
});

/** Ranks a fact that answers and a passage that mentions the same entity. */
function rankHarbor(weights = WEIGHTS) {
  const text = 'Who works on Harbor?';
  const terms = queryTerms(text);
  const other = 'Harbor uses Valkey 8 for its sessions';
  const passage = passageRow({ episode: 'a', terms: termsOf(other).join(' '), length: termsOf(other).length });
  const fact = { uuid: 'f', fact: 'Mira Okafor works on Harbor', source: 'Mira Okafor', target: 'Harbor', cosine: 0.7 };
  return rank(
    { text, terms, window: undefined },
    {
      ...{ passages: [passage], facts: [fact as Candidates['facts'][number]], before: new Map(), after: new Map() },
      ...{
        cosines: new Map([['a-0', 0.6]]),
        stated: new Map(),
        documentFrequencies: new Map([['harbor', 1]]),
        passageCount: 2,
      },
    },
    weights,
  );
}

test('a fact about an entity of the question ranks above a passage that only mentions the entity', () => {
  const scoresWith = (weights: typeof WEIGHTS) => {
    const { passages, facts } = rankHarbor(weights);
    return { passage: passages[0]?.score ?? 0, fact: facts[0]?.score ?? 0 };
  };

  const [scores, without] = [scoresWith(WEIGHTS), scoresWith({ ...WEIGHTS, entity: 0 })];
  expect(scores.fact).toBeGreaterThan(scores.passage);
  expect(scores.passage - without.passage).toBeCloseTo(WEIGHTS.entity);
  expect(scores.fact - without.fact).toBeCloseTo(SHORT_TEXT_FACTOR * WEIGHTS.entity);
});

test('the parts of a score add up to the score, and name no signal that adds nothing', () => {
  const { passages, facts } = rankHarbor();
  const scored = [
    ...passages.map((ranked) => ({ score: ranked.score, parts: passageScoreParts(ranked) })),
    ...facts.map((ranked) => ({ score: ranked.score, parts: factScoreParts(ranked) })),
  ];

  expect(scored.map(({ parts }) => Object.keys(parts))).toEqual([
    ['words', 'coverage', 'meaning', 'entity', 'recency'],
    ['words', 'coverage', 'meaning', 'fact', 'entity'],
  ]);
  for (const { score, parts } of scored)
    expect(Object.values(parts).reduce((sum, part) => sum + part, 0)).toBeCloseTo(score, 3);
});

test('a tool output without a vector uses the similarity of its turn; any other passage without one counts as unrelated', () => {
  const turn = passageRow({ episode: 'a', ordinal: 0, role: 'user' });
  const output = passageRow({ episode: 'a', ordinal: 1, kind: 'tool', role: 'tool', source: 'tool:0' });
  const alone = passageRow({ episode: 'b', ordinal: 0 });
  const outputAlone = passageRow({ episode: 'c', ordinal: 1, kind: 'tool', role: 'tool', source: 'tool:0' });
  const { passages } = rank(
    { text: 'Which carrier?', terms: queryTerms('Which carrier?'), window: undefined },
    {
      ...{
        passages: [turn, output, alone, outputAlone],
        facts: [],
        before: new Map(),
        after: new Map(),
        stated: new Map(),
      },
      ...{ cosines: new Map([[turn.uuid, 0.7]]), documentFrequencies: new Map(), passageCount: 4 },
    },
  );

  const meaningOf = (uuid: string) => passages.find(({ passage }) => passage.uuid === uuid)?.signals.meaning;
  expect([turn, output, alone, outputAlone].map(({ uuid }) => meaningOf(uuid))).toEqual([0.7, 0.7, 0.2, 0.2]);
});
