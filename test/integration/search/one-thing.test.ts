import { describe, expect, test } from 'vitest';
import { useStores } from '../../support/stores.ts';
import { useMemories } from './memories.ts';

const newMemory = useMemories(useStores());

const ENDED = 'Lantern runs on Redis';
const MONTHS = Array.from({ length: 12 }, (_, month) => String(month + 1).padStart(2, '0'));

/** Fourteen facts about Lantern, of which one has ended; most have few words in common with a question. */
async function lantern() {
  const it = await newMemory();
  const [lantern, mira] = [await it.entity('Lantern'), await it.entity('Mira Okafor', { type: 'Person' })];
  for (const [place, month] of MONTHS.entries())
    await it.fact(lantern, await it.entity(`Part${place}`), {
      fact: `Lantern calls Part${place}`,
      validAt: `2025-${month}-01T00:00:00+00:00`,
    });
  await it.fact(lantern, await it.entity('gateway'), {
    fact: 'Lantern is the gateway of the shop',
    relation: 'IS',
    validAt: '2024-01-01T00:00:00+00:00',
  });
  await it.fact(mira, lantern, { fact: 'Mira Okafor leads Lantern', relation: 'LEADS' });
  await it.fact(lantern, await it.entity('Redis'), {
    fact: ENDED,
    invalidAt: '2025-03-01T00:00:00+00:00',
    expiredAt: '2025-03-01T00:00:00+00:00',
  });
  return it;
}

const QUESTIONS = [
  'What do you know about Lantern?',
  'Tell me about Lantern',
  'What is Lantern?',
  'everything about the Lantern project',
  'Lantern',
];

describe('a question about one named thing', () => {
  test.each(QUESTIONS)('%s lists all its current facts, what it is first', async (question) => {
    const { memory } = await lantern();

    const { facts } = await memory.search(question, 20);

    expect(facts.map(({ fact }) => fact).sort()).toEqual(
      [
        'Lantern is the gateway of the shop',
        'Mira Okafor leads Lantern',
        ...MONTHS.map((_, place) => `Lantern calls Part${place}`),
      ].sort(),
    );
    expect(facts[0]?.fact).toBe('Lantern is the gateway of the shop');
  });

  test('prints as many lines as were asked for, the newest of equal facts first', async () => {
    const { memory } = await lantern();

    const printed = await memory.queryMemory('What do you know about Lantern?', 3);

    expect(printed.split('\n').map((line) => line.replace(/ \(.*/, ''))).toEqual([
      '- Lantern is the gateway of the shop',
      '- Lantern calls Part11',
      '- Lantern calls Part10',
    ]);
  });

  test('of a past day lists what held on that day', async () => {
    const { memory } = await lantern();

    const { facts } = await memory.search('What do you know about Lantern?', 20, { asOf: new Date('2025-02-15') });

    expect(facts.map(({ fact }) => fact).sort()).toEqual(
      [
        'Lantern calls Part0',
        'Lantern calls Part1',
        'Lantern is the gateway of the shop',
        ENDED,
        'Mira Okafor leads Lantern',
      ].sort(),
    );
  });

  test('understands a first name that only one entity has', async () => {
    const it = await lantern();
    const before = await it.memory.search('Who is Mira?', 5);
    await it.entity('Mira Berg', { type: 'Person' });
    const after = await it.memory.search('Who is Mira?', 5, { cache: false });

    expect(before.facts[0]?.scoreParts).toHaveProperty('named');
    expect(after.facts[0]?.scoreParts).not.toHaveProperty('named');
  });

  test('says how each line came about: the parts make the score', async () => {
    const { memory } = await lantern();

    const { facts } = await memory.search('Tell me about Lantern', 20);

    for (const { score, scoreParts = {} } of facts)
      expect(Object.values(scoreParts).reduce((sum, part) => sum + part, 0)).toBeCloseTo(score, 3);
  });

  test('about something unknown has no answer', async () => {
    const { memory } = await lantern();

    expect(await memory.queryMemory('What do you know about Zanzibar?')).toBe('Nothing relevant is known.');
  });
});
