import { expect, test } from 'vitest';
import type { FactRow } from '../../../src/graph/queries/fact-rows.ts';
import { merge } from '../../../src/search/merge.ts';

const fact = (uuid: string, text: string): FactRow => ({
  uuid,
  fact: text,
  relation: 'USES',
  source: '',
  sourceUuid: 's',
  target: '',
  targetUuid: 't',
  episodes: [],
  validAt: '2025-01-01',
  invalidAt: null,
  createdAt: '2025-01-01',
  expiredAt: null,
});
const episode = (uuid: string, content: string) => ({
  uuid,
  name: uuid,
  content,
  sourceDescription: 'opencode',
  referenceTime: '2025-01-01',
  createdAt: '2025-01-01',
});
const [harbor, quay] = [fact('harbor', 'Harbor uses Redis'), fact('quay', 'Quay uses Postgres')];
const uuids = (rows: readonly { uuid: string }[]) => rows.map(({ uuid }) => uuid);

test('a fact that several methods found comes before one that one found', () => {
  const { facts } = merge('what about databases', [[quay, harbor], [harbor], [harbor]], [], 5);

  expect(uuids(facts)).toEqual(['harbor', 'quay']);
});

test('an episode counts only for words that the facts do not tell', () => {
  const found = merge(
    'Harbor zebras',
    [[harbor, quay]],
    [episode('known', 'Harbor uses Redis.'), episode('new', 'Harbor is big. Zebras live in Harbor.')],
    5,
  );

  expect(uuids(found.episodes)).toEqual(['new']);
  expect(found.episodes[0]?.excerpt).toBe('Zebras live in Harbor.');
});

test('an episode that alone has the words comes before facts that are only near', () => {
  const found = merge('quux flarn', [[harbor, quay]], [episode('e', 'quux flarn blibber')], 5);

  expect(found.episodes[0]?.score).toBeGreaterThan(found.facts[0]?.score ?? 0);
});

test('facts and episodes together are at most as many as asked for', () => {
  const found = merge('zebras lions', [[harbor, quay]], [episode('z', 'Zebras.'), episode('l', 'Lions.')], 2);

  expect(found.facts.length + found.episodes.length).toBe(2);
});

test('a sentence that joins several entities is told once', () => {
  const found = merge('Harbor', [[harbor, { ...harbor, uuid: 'twin' }]], [], 5);

  expect(uuids(found.facts)).toEqual(['harbor']);
});
