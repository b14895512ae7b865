import { describe, expect, test } from 'vitest';
import { localDefaults } from '../../../../src/models/local/language-model.ts';

const told = async (kind: 'entity' | 'community' | 'saga', texts: string[], name = '') =>
  (await localDefaults.summarize([{ kind, name, previousSummary: '', texts }])).summaries[0];
const many = Array.from({ length: 30 }, (_, index) => `Part${index}: ${'x'.repeat(60)}`);

describe('a summary without a model', () => {
  test('of a community names its members, the best-known first', async () => {
    expect(await told('community', ['Harbor: Harbor has piers', 'Redis: ', 'Mira: Mira leads Harbor'])).toEqual({
      title: 'Harbor, Redis, Mira',
      text: 'Harbor: Harbor has piers\nRedis:\nMira: Mira leads Harbor',
    });
    expect((await told('community', many))?.text.split('\n')[0]).toBe(many[0]);
  });

  test('of an entity or a saga keeps the name and the latest facts', async () => {
    const summary = await told('saga', many, 'monday');

    expect(summary?.title).toBe('monday');
    expect(summary?.text.split('\n').at(-1)).toBe(many.at(-1));
    expect(summary?.text.length).toBeLessThanOrEqual(1000);
  });

  test('is empty for no input and truncated for long input', async () => {
    expect(await told('entity', [], 'Harbor')).toEqual({ title: 'Harbor', text: '' });
    expect((await told('entity', ['y'.repeat(5000)], 'Harbor'))?.text.length).toBeLessThanOrEqual(1000);
  });
});

test('a passage scores by the share of query words that it contains', async () => {
  expect((await localDefaults.score('where does Harbor sail', ['Harbor does sail', 'Redis', ''])).scores).toEqual([
    0.75, 0, 0,
  ]);
});
