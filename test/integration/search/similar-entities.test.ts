import { describe, expect, test } from 'vitest';
import { useStores } from '../../support/stores.ts';
import { names, useMemories } from './memories.ts';

const newMemory = useMemories(useStores());

async function farm() {
  const it = await newMemory();
  const uuids = new Map<string, string>();
  for (const [name, createdAt] of [
    ['Quillfern', '2025-01-01T00:00:00+00:00'],
    ['Quill', '2025-01-02T00:00:00+00:00'],
    ['Tranquil Bay', '2025-01-03T00:00:00+00:00'],
    ['Mira Okafor', '2025-01-04T00:00:00+00:00'],
    ['checkout-web', '2025-01-05T00:00:00+00:00'],
  ] as const)
    uuids.set(name, await it.entity(name, { createdAt }));
  await it.alias('the fern service', uuids.get('Quillfern') ?? '');
  return { ...it, uuid: (name: string) => uuids.get(name) ?? '' };
}

describe('what a user types suggests entities', () => {
  test.each([
    ['a beginning, before names that contain it', 'Quil', ['Quill', 'Quillfern', 'Tranquil Bay']],
    ['a whole name, before longer ones', 'quill', ['Quill', 'Quillfern']],
    ['an alias', 'the fern', ['Quillfern']],
    ['a missing letter', 'Quilfern', ['Quillfern']],
    ['a wrong letter', 'Quallfern', ['Quillfern']],
    ['swapped letters', 'Qiullfern', ['Quillfern']],
    ['a missing letter in a name that is not typed to its end', 'Quilfe', ['Quillfern', 'Quill']],
    ['swapped letters in the beginning of a surname', 'Okaof', ['Mira Okafor']],
    ['a wrong letter of a surname', 'Okafur', ['Mira Okafor']],
    ['a wrong letter in a part of a name', 'chekout', ['checkout-web']],
    ['another case', 'MIRA', ['Mira Okafor']],
    ['nothing similar', 'Zanzibar', []],
    ['white space', '  ', []],
    ['marks of a query language', '%%) @name:(* | "', []],
  ])('%s', async (_, typed, expected) => {
    const { memory } = await farm();

    expect(names(await memory.suggestEntities(typed))).toEqual(expected);
  });

  test('says which of its names is similar, and keeps to the limit', async () => {
    const { memory } = await farm();

    expect(await memory.suggestEntities('fern serv')).toMatchObject([
      { name: 'Quillfern', called: 'the fern service' },
    ]);
    expect(names(await memory.suggestEntities('Quil', { limit: 1 }))).toEqual(['Quill']);
    await expect(memory.suggestEntities('Quil', { limit: 0 })).rejects.toThrow('1 to 100');
  });
});

describe('entities are listed', () => {
  test('by name, by their number of facts, or the last mentioned first; equal ones by name', async () => {
    const { memory, fact, episode, uuid } = await farm();
    await fact(uuid('Mira Okafor'), uuid('Quill'), { fact: 'Mira Okafor leads Quill' });
    await fact(uuid('Mira Okafor'), uuid('checkout-web'), { fact: 'Mira Okafor owns checkout-web' });
    await episode('early', { validAt: '2025-02-01T00:00:00+00:00', mentions: [uuid('Quill'), uuid('Tranquil Bay')] });
    await episode('late', { validAt: '2025-03-01T00:00:00+00:00', mentions: [uuid('Tranquil Bay')] });
    const listed = async (order?: 'name' | 'facts' | 'mentioned', more = {}) =>
      memory.getEntities(undefined, { ...(order && { order }), ...more });

    expect(names(await listed('facts'))).toEqual(['Mira Okafor', 'checkout-web', 'Quill', 'Quillfern', 'Tranquil Bay']);
    expect(names(await listed('mentioned'))).toEqual([
      ...['Tranquil Bay', 'Quill', 'checkout-web', 'Mira Okafor', 'Quillfern'],
    ]);
    expect(names(await listed('name'))).toEqual(names(await listed()));
    expect(names(await listed('facts', { limit: 2, offset: 1 }))).toEqual(['checkout-web', 'Quill']);
    expect((await listed('mentioned'))[0]).toMatchObject({
      factCount: 0,
      lastMentioned: new Date('2025-03-01T00:00:00Z'),
    });
    expect((await listed())[0]).not.toHaveProperty('factCount');
  });
});
