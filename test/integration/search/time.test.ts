import { describe, expect, test } from 'vitest';
import { useStores } from '../../support/stores.ts';
import { names, texts, useMemories } from './memories.ts';

const newMemory = useMemories(useStores());
const day = (text: string) => new Date(text);

/** Harbor used Redis from January to March 2025, and the end was learned in May. */
async function harbor() {
  const it = await newMemory();
  const [ship, thing] = [await it.entity('Harbor'), await it.entity('thing')];
  const write = (fact: string, times: object) => it.fact(ship, thing, { fact: `Harbor ${fact}`, ...times });
  await write('used Redis', {
    validAt: '2025-01-10T00:00:00+00:00',
    invalidAt: '2025-03-01T00:00:00+00:00',
    createdAt: '2025-02-01T00:00:00+00:00',
    expiredAt: '2025-05-01T00:00:00+00:00',
  });
  await write('will use Solid', { validAt: '2999-01-01T00:00:00+00:00' });
  await write('always floats', { validAt: null });
  return it;
}

describe('a query as of a date', () => {
  test('of now finds facts that have begun and not ended, and facts without dates', async () => {
    const { memory } = await harbor();

    expect(texts((await memory.search('Harbor')).facts)).toEqual(['Harbor always floats']);
  });

  test.each([
    ['before the fact begins', '2025-01-09', false],
    ['at its first instant', '2025-01-10', true],
    ['before its last instant', '2025-02-28T23:59:59Z', true],
    ['at its end', '2025-03-01', false],
  ])('%s', async (_, asOf, isFound) => {
    const { memory } = await harbor();

    const { facts } = await memory.search('Harbor Redis', 5, { asOf: day(asOf) });

    expect(texts(facts).includes('Harbor used Redis')).toBe(isFound);
  });

  test('in the future finds what is known to hold then', async () => {
    const { memory } = await harbor();

    expect(texts((await memory.search('Harbor', 5, { asOf: day('2999-01-02') })).facts)).toContain(
      'Harbor will use Solid',
    );
  });
});

describe('a query of what was known', () => {
  test.each([
    ['before the fact was learned', '2025-01-31', '2025-01-20', false],
    ['when it was learned', '2025-02-01', '2025-01-20', true],
    ['after it ended, before the end was known', '2025-04-01', '2025-04-01', true],
    ['when the end was known', '2025-05-01', '2025-04-01', false],
    ['when the end was known, as of a time before the end', '2025-05-01', '2025-02-01', true],
  ])('%s', async (_, knownAt, asOf, isFound) => {
    const { memory } = await harbor();

    for (const find of [undefined, 'facts'] as const) {
      const { facts } = await memory.search('Harbor Redis', 5, { knownAt: day(knownAt), asOf: day(asOf), find });
      expect(texts(facts).includes('Harbor used Redis')).toBe(isFound);
    }
  });

  test.each([
    ['2025-04-01', true],
    ['2025-05-01', false],
  ])('on %s returns a summary that quotes the fact: %s', async (knownAt, isThere) => {
    const { memory, entity, fact } = await newMemory();
    const ship = await entity('Harbor', { summary: 'Harbor used Redis' });
    await fact(ship, await entity('Redis'), {
      fact: 'Harbor used Redis',
      invalidAt: '2025-03-01T00:00:00+00:00',
      expiredAt: '2025-05-01T00:00:00+00:00',
    });

    const [found] = await memory.getEntities(undefined, { knownAt: day(knownAt) });

    expect(found?.summary).toBe(isThere ? 'Harbor used Redis' : '');
  });

  test.each([
    ['2025-04-01', true, []],
    ['2025-04-01', false, ['Harbor used Redis']],
    ['2025-05-01', true, ['Harbor used Redis']],
    ['2025-05-01', false, []],
  ])('on %s with a filter for facts with an end (%s) finds %j', async (knownAt, isSet, expected) => {
    const { memory } = await harbor();

    for (const rank of ['rrf', 'mmr'] as const) {
      const { facts } = await memory.search('Harbor used Redis', 5, {
        ...{ find: 'facts', rank, asOf: day('2025-04-01'), knownAt: day(knownAt) },
        filters: { invalidAt: { isSet } },
      });
      expect(texts(facts).filter((text) => text === 'Harbor used Redis')).toEqual(expected);
    }
  });

  test('leaves out episodes that came later', async () => {
    const { memory, episode } = await newMemory();
    await episode('zebras', { createdAt: '2025-06-01T00:00:00+00:00' });

    const [before, after] = await Promise.all(
      ['2025-05-31', '2025-06-02'].map((knownAt) =>
        memory.search('zebras', 5, { find: 'episodes', knownAt: day(knownAt) }),
      ),
    );

    expect([names(before?.episodes), names(after?.episodes)]).toEqual([[], ['zebras']]);
  });
});

test.each([
  ['an eastern offset', '2025-01-10T01:00:00+02:00', '2025-01-09T23:00:00+00:00'],
  ['a western offset', '2025-01-09T20:00:00-03:00', '2025-01-09T23:00:00+00:00'],
  ['no offset', '2025-01-09T23:00:00', '2025-01-09T23:00:00+00:00'],
  ['a fraction', '2025-01-09T23:00:00.000001+00:00', '2025-01-09T23:00:01+00:00'],
])('a date with %s is read as that instant', async (_, stored, instant) => {
  const { memory, entity, fact } = await newMemory();
  const [a, b] = [await entity('Harbor'), await entity('Redis')];
  await fact(a, b, { fact: 'Harbor uses Redis', validAt: stored });
  await fact(a, b, { fact: 'Harbor used Valkey', validAt: null, invalidAt: stored });
  const at = async (asOf: Date) => texts((await memory.search('Harbor', 5, { asOf })).facts);

  expect(await at(new Date(day(instant).getTime() - 2000))).toEqual(['Harbor used Valkey']);
  expect(await at(day(instant))).toEqual(['Harbor uses Redis']);
});

describe('entities', () => {
  async function people() {
    const it = await newMemory();
    const early = await it.entity('Early', { type: 'Person' });
    const late = await it.entity('Late', { createdAt: '2025-06-01T00:00:00+00:00' });
    await it.episode('first', { mentions: [early], validAt: '2025-01-01T00:00:00+02:00' });
    await it.episode('second', { mentions: [late], validAt: '2025-03-01T00:00:00+00:00' });
    return it;
  }

  test.each([
    ['2025-05-31', ['Early']],
    ['2025-06-01', ['Early', 'Late']],
  ])('known at %s are those stored by then', async (knownAt, expected) => {
    const { memory } = await people();

    expect(names(await memory.getEntities(undefined, { knownAt: day(knownAt) }))).toEqual(expected);
    const found = await memory.search('Early Late', 5, { find: 'entities', knownAt: day(knownAt) });
    expect(names(found.entities).sort()).toEqual(expected);
  });

  test.each([
    ['2024-12-31T21:59:59Z', []],
    ['2024-12-31T22:00:00Z', ['Early']],
    ['2025-03-01', ['Early', 'Late']],
  ])('as of %s are those with an episode by then', async (asOf, expected) => {
    const { memory } = await people();

    expect(names(await memory.getEntities(undefined, { asOf: day(asOf) }))).toEqual(expected);
    const found = await memory.search('Early Late', 5, { find: 'entities', asOf: day(asOf) });
    expect(names(found.entities).sort()).toEqual(expected);
  });

  test.each([
    ['invalidAt', { from: day('2025-01-01') }, '2025-04-01', false],
    ['invalidAt', { from: day('2025-01-01') }, '2025-05-01', true],
    ['invalidAt', { before: day('2025-03-02') }, '2025-04-01', false],
    ['invalidAt', { before: day('2025-03-02') }, '2025-05-01', true],
    ['invalidAt', { isSet: true }, '2025-04-01', false],
    ['invalidAt', { isSet: true }, '2025-05-01', true],
    ['invalidAt', { isSet: false }, '2025-04-01', true],
    ['invalidAt', { isSet: false }, '2025-05-01', false],
    ['invalidAt', { isSet: false }, '2025-01-20', false],
    ['expiredAt', { isSet: true }, '2025-04-01', false],
    ['validAt', { from: day('2025-01-01') }, '2025-01-20', false],
    ['validAt', { from: day('2025-01-01') }, '2025-02-01', true],
  ])('are found by a fact with %s %j as known on %s: %s', async (field, range, knownAt, isFound) => {
    const { memory, entity, fact } = await newMemory();
    await fact(await entity('Harbor'), await entity('Redis'), {
      ...{ fact: 'Harbor used Redis', validAt: '2025-01-10T00:00:00+00:00', invalidAt: '2025-03-01T00:00:00+00:00' },
      ...{ createdAt: '2025-02-01T00:00:00+00:00', expiredAt: '2025-05-01T00:00:00+00:00' },
    });

    const options = { find: 'entities', knownAt: day(knownAt), filters: { [field]: range } } as const;
    const { entities } = await memory.search('Harbor', 5, options);

    expect(names(entities)).toEqual(isFound ? ['Harbor'] : []);
  });

  test('are returned in pages', async () => {
    const { memory } = await people();

    const pages = await Promise.all([
      memory.getEntities(undefined, { limit: 1 }),
      memory.getEntities(undefined, { limit: 1, offset: 1 }),
      memory.getEntities(undefined, { limit: 1, offset: 1, asOf: day('2025-04-01') }),
      memory.getEntities(undefined, { offset: 2 }),
    ]);

    expect(pages.map(names)).toEqual([['Early'], ['Late'], ['Late'], []]);
  });
});

describe('the history of an entity', () => {
  test('has all of its facts, in the order in which they began to hold', async () => {
    const { memory } = await harbor();

    const { entities, facts } = await memory.getHistory('hARBOR');

    expect(names(entities)).toEqual(['Harbor']);
    expect(facts.map(({ fact }) => fact)).toEqual([
      'Harbor always floats',
      'Harbor used Redis',
      'Harbor will use Solid',
    ]);
    expect(facts[1]).toMatchObject({
      validAt: day('2025-01-10T00:00:00+00:00'),
      invalidAt: day('2025-03-01T00:00:00+00:00'),
      createdAt: day('2025-02-01T00:00:00+00:00'),
      expiredAt: day('2025-05-01T00:00:00+00:00'),
    });
  });

  test('is found by uuid and by alias', async () => {
    const { memory, entity, fact, alias } = await newMemory();
    const [k8s, go] = [await entity('Kubernetes'), await entity('C++')];
    await fact(k8s, go, { fact: 'Kubernetes is not written in it' });
    await alias('K8s', k8s);

    for (const name of [k8s, 'k8s', ' KUBERNETES ', 'C++', 'c++'])
      expect((await memory.getHistory(name)).facts).toHaveLength(1);
  });

  test('of an unknown name is empty', async () => {
    const { memory } = await harbor();

    expect(await memory.getHistory('Nobody')).toEqual({ entities: [], facts: [] });
  });
});
