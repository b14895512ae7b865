import { describe, expect, test } from 'vitest';
import { InvalidInputError, MemoryManager, type QueryOptions } from '../../../src/index.ts';
import { plainEmbedder } from '../../support/models.ts';
import { randomTexts } from '../../support/rubbish.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { names, texts, useMemories } from './memories.ts';

const stores = useStores();
const newMemory = useMemories(stores);

/** Three facts that carry sails, behind two hundred nearer ones that pass no filter. */
async function fleet() {
  const it = await newMemory();
  const mast = await it.entity('Mast', { type: 'Tool' });
  const crowd = await it.entity('Crowd');
  for (let i = 0; i < 200; i += 1)
    await it.fact(crowd, crowd, { fact: `carries sails`, relation: 'CARRIES', validAt: '2024-01-01T00:00:00+00:00' });
  const [keel, quay] = [await it.entity('Keel', { type: 'Person' }), await it.entity('Quay', { type: 'Place' })];
  const note = await it.episode('note', {
    content: 'Keel carries sails',
    metadata: { file: 'src/a"b.ts', line: 12, tags: ['x', 'y'] },
    mentions: [keel],
    validAt: '2025-02-01T00:00:00+00:00',
  });
  const other = await it.episode('other', { content: 'Other sails', metadata: { file: 'other' } });
  await it.graph.write('MATCH (p:Episodic {uuid: $note}) SET p.entity_edges = $facts', {
    note,
    facts: [
      await it.fact(keel, quay, {
        fact: 'Keel carries sails',
        relation: 'Owns',
        validAt: '2025-02-01T02:00:00+02:00',
        episodes: [other, note],
      }),
    ],
  });
  return { ...it, mast, keel, quay };
}

test('each filter finds one fact among hundreds that do not match', async () => {
  const { memory, keel } = await fleet();
  const day = (text: string) => new Date(text);
  const filters: Record<string, QueryOptions['filters']> = {
    type: { types: ['PERSON'] },
    types: { types: ['Nothing', 'place'] },
    relation: { relations: ['OWNS'] },
    source: { source: 'keel' },
    uuid: { source: keel },
    target: { target: 'Quay' },
    about: { about: 'quay' },
    valid: { validAt: { from: day('2025-02-01'), before: day('2025-02-01T00:00:00.001Z') } },
    text: { metadata: { file: 'src/a"b.ts' } },
    number: { metadata: { line: '12' } },
    list: { metadata: { tags: 'y', line: 12 } },
    together: { types: ['person'], relations: ['owns'], about: 'Keel', metadata: { tags: 'x' } },
  };

  for (const [name, filter] of Object.entries(filters))
    for (const find of [undefined, 'facts'] as const) {
      const { facts } = await memory.search('carries sails', 5, { filters: filter, find });
      expect([name, ...texts(facts)]).toEqual([name, 'Keel carries sails']);
    }
});

test('nothing is found by any method when no item passes the filter', async () => {
  const { memory } = await fleet();
  const nothing: QueryOptions['filters'][] = [
    { types: ['Dragon'] },
    { relations: ['EATS'] },
    { source: 'Quay' },
    { target: 'Keel' },
    { about: 'Nobody' },
    { metadata: { file: 'src/a' } },
    { metadata: { file: 'src/a"b.ts', line: 13 } },
    { metadata: { constructor: 'x' } },
    { createdAt: { from: new Date('2025-01-02') } },
    { validAt: { isSet: false } },
  ];

  for (const filters of nothing) {
    const found = await memory.search('Keel carries sails', 5, { filters, find: 'all', walk: {} });
    expect([filters, texts(found.facts), names(found.entities), names(found.episodes)]).toEqual([filters, [], [], []]);
  }
});

describe('filters on ends and missing dates', () => {
  test('with an end finds ended facts, without one current facts', async () => {
    const { memory, entity, fact } = await newMemory();
    const [a, b] = [await entity('Harbor'), await entity('Redis')];
    await fact(a, b, {
      fact: 'Harbor used Redis',
      invalidAt: '2025-03-01T00:00:00+00:00',
      expiredAt: '2025-05-01T00:00:00+00:00',
    });
    await fact(a, b, { fact: 'Harbor uses Valkey', validAt: null });
    const find = async (filters: QueryOptions['filters']) =>
      texts((await memory.search('Harbor', 5, { filters })).facts);

    expect(await find({ invalidAt: { from: new Date('2025-03-01') } })).toEqual(['Harbor used Redis']);
    expect(await find({ invalidAt: { before: new Date('2025-03-01') } })).toEqual([]);
    expect(await find({ expiredAt: { isSet: true } })).toEqual(['Harbor used Redis']);
    expect(await find({ invalidAt: { isSet: false } })).toEqual(['Harbor uses Valkey']);
    expect(await find({ validAt: { isSet: false } })).toEqual(['Harbor uses Valkey']);
  });
});

test('filters work on entities and episodes', async () => {
  const { memory } = await fleet();
  const entities = async (filters: QueryOptions['filters']) =>
    names((await memory.search('Keel Quay Mast Crowd', 9, { find: 'entities', filters })).entities).sort();

  expect(await entities({ types: ['tool', 'place'] })).toEqual(['Mast', 'Quay']);
  expect(await entities({ relations: ['OWNS'] })).toEqual(['Keel', 'Quay']);
  expect(await entities({ about: 'Quay' })).toEqual(['Keel', 'Quay']);
  expect(await entities({ metadata: { line: 12 } })).toEqual(['Keel']);
  const episodes = async (filters: QueryOptions['filters']) =>
    names((await memory.search('sails', 9, { find: 'episodes', filters })).episodes).sort();
  expect(await episodes({ metadata: { file: 'other' } })).toEqual(['other']);
  expect(await episodes({ validAt: { from: new Date('2025-02-01') } })).toEqual(['note']);
});

test('a cached answer is used only for the same query and options', async () => {
  const { memory } = await fleet();
  const asked: QueryOptions[] = [{}, { filters: { types: ['Dragon'] } }, { find: 'episodes' }, { minScore: 99 }];
  const ask = (options: QueryOptions) => memory.queryMemory('Keel carries sails', 3, options);

  const [first, second] = [await Promise.all(asked.map(ask)), await Promise.all(asked.map(ask))];

  expect(second).toEqual(first);
  expect(new Set(first).size).toBeGreaterThan(2);
  expect(first[3]).toBe('Nothing relevant is known.');
});

test('queries of a group that was never written to are empty and do not create it', async () => {
  const group = newGroup();
  const memory = new MemoryManager({ ...stores.config, group }, { embedder: plainEmbedder() });
  const asked: QueryOptions[] = [
    { find: 'all', filters: { about: 'Harbor', metadata: { a: 1 } }, walk: { from: ['x'] } },
    { find: 'facts', rank: 'distance', center: 'Harbor' },
    { find: 'all', rank: 'cross-encoder' },
    { find: 'all', rank: 'mmr', knownAt: new Date() },
    {},
  ];

  const found = await Promise.all(asked.map((options) => memory.search('Harbor', 5, options)));

  for (const it of found) expect(Object.values(it).flat()).toEqual([]);
  expect(await memory.getHistory('Harbor')).toEqual({ entities: [], facts: [] });
  expect(await memory.getEntities(undefined, { asOf: new Date(), knownAt: new Date() })).toEqual([]);
  expect(await memory.getGraphSize()).toMatchObject({ nodes: 0 });
  await memory.close();
});

test('no option value is run as Cypher', async () => {
  const { memory, graph } = await fleet();
  const count = async () => (await graph.read<{ n: number }>('MATCH (n) RETURN count(n) AS n'))[0]?.n;
  const before = await count();
  const attempts = ["'}) MATCH (n) DETACH DELETE n //", '"] RETURN 1 //', '$types', '`', ...randomTexts(5, 40)];

  for (const text of attempts) {
    const options: QueryOptions[] = [
      { filters: { types: [text] } },
      { filters: { relations: [text], about: text, source: text, target: text } },
      { filters: { metadata: { [text]: text } } },
      { find: 'all', center: text, rank: 'distance' },
      { walk: { from: [text] }, find: 'all' },
    ];
    for (const it of options)
      await memory.search('Keel', 5, { ...it, cache: false }).catch((error) => {
        expect(error).toBeInstanceOf(InvalidInputError);
      });
    await memory.getHistory(text).catch((error) => expect(error).toBeInstanceOf(InvalidInputError));
  }

  expect(await count()).toBe(before);
});

test.each<[string, unknown, RegExp]>([
  ['find', { find: 'cats' }, /^The option find must be facts, entities, episodes, communities or all\.$/],
  ['rank', { rank: 'best' }, /^The option rank must be rrf, mmr, .* or cross-encoder\.$/],
  ['options that do not go together', { find: 'episodes', rank: 'mmr' }, /ranker mmr cannot rank episodes/],
  ['distance without a center', { rank: 'distance' }, /needs a center/],
  ['knownAt', { knownAt: new Date('x') }, /^The time knownAt must be a valid Date/],
  ['an unknown option', { knowAt: 1 }, /^A query has no "knowAt"; "knownAt" was probably meant\.$/],
  ['an unknown filter', { filters: { type: 'x' } }, /^The option filters has no "type"; "types" was probably meant\.$/],
  ['filters', { filters: 'x' }, /^The option filters must be an object\.$/],
  ['an empty list of types', { filters: { types: [] } }, /^filters\.types must be a list of 1 to 100 texts\.$/],
  ['an empty type', { filters: { types: [' '] } }, /^Each of filters\.types must be text of 1 to 1000/],
  ['a NUL', { filters: { about: 'a\0' } }, /^filters\.about must be text of 1 to 1000 characters without NUL/],
  ['a nested value', { filters: { metadata: { a: {} } } }, /^Values of filters\.metadata must be text/],
  [
    'a long value',
    { filters: { metadata: { a: 'x'.repeat(1001) } } },
    /^Values of filters\.metadata must be text of at most/,
  ],
  ['an empty key', { filters: { metadata: { '': 1 } } }, /^A key of filters\.metadata must be text of 1 to 1000/],
  ['a date in words', { filters: { validAt: { from: '2025' } } }, /^filters\.validAt\.from must be a valid Date/],
  ['minScore', { minScore: 'x' }, /^The option minScore must be a number/],
  ['too many steps', { walk: { depth: 9 } }, /^walk\.depth must be 1, 2 or 3/],
  [
    'an unknown method',
    { recipe: { facts: { methods: ['magic'], ranker: 'rrf' } } },
    /^Each of recipe\.facts\.methods must be/,
  ],
])('%s: an invalid value is refused in one sentence', async (_, options, sentence) => {
  const memory = new MemoryManager(stores.config, { embedder: plainEmbedder() });

  await expect(memory.search('x', 5, options as QueryOptions)).rejects.toThrow(sentence);
  await memory.close();
});
