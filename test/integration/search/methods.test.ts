import { describe, expect, test } from 'vitest';
import type { RecipePart, SearchMethod } from '../../../src/index.ts';
import { plainModel } from '../../support/models.ts';
import { useStores } from '../../support/stores.ts';
import { names, texts, useMemories } from './memories.ts';

const newMemory = useMemories(useStores());
const by = (...methods: SearchMethod[]): RecipePart => ({ methods, ranker: 'rrf' });

/** Harbor – Redis – Lua – Rio in a row, spoken of in an episode; a lone island. */
async function row() {
  const it = await newMemory();
  const [harbor, redis, lua, rio] = [
    await it.entity('Harbor', { type: 'Project', summary: 'a service of ours' }),
    await it.entity('Redis', { type: 'Tool' }),
    await it.entity('Lua'),
    await it.entity('Rio', { summary: 'a city' }),
  ];
  const island = await it.entity('Island');
  const told = await it.episode('told', { content: 'Harbor has zebras.', mentions: [harbor] });
  await it.fact(harbor, redis, { fact: 'Harbor uses Redis', episodes: [told] });
  await it.fact(redis, lua, { fact: 'scripts run inside' });
  await it.fact(lua, rio, { fact: 'born there long ago', relation: 'BORN_IN' });
  return { ...it, harbor, redis, lua, rio, island, told };
}

describe('facts are found', () => {
  test('by their words', async () => {
    const { memory } = await row();

    const found = await memory.search('script born', 5, { recipe: { facts: by('words') } });

    expect(texts(found.facts)).toEqual(['born there long ago', 'scripts run inside']);
  });

  test('by a rare word next to a common one, in either order', async () => {
    const { memory, entity, fact } = await newMemory();
    const [harbor, quay] = [await entity('Harbor'), await entity('Quay')];
    for (let index = 0; index < 80; index += 1) await fact(harbor, quay, { fact: `deployed build${index}` });
    await fact(harbor, quay, { fact: 'xylophone' });
    const recipe = { facts: by('words') };

    for (const query of ['deployed xylophone', 'xylophone deployed'])
      expect(texts((await memory.search(query, 5, { recipe })).facts)).toContain('xylophone');
  });

  test('by vectors alone', async () => {
    const { memory } = await row();

    const found = await memory.search('Harbor uses Redis', 5, { recipe: { facts: by('vector') } });

    expect(found.facts[0]?.fact).toBe('Harbor uses Redis');
  });

  test('by vectors, however often the nearest facts were changed', async () => {
    const { memory, graph, entity, fact } = await newMemory();
    const [harbor, quay] = [await entity('Harbor'), await entity('Quay')];
    for (let index = 0; index < 12; index += 1) await fact(harbor, quay, { fact: `Harbor uses crane${index}` });
    for (let turn = 0; turn < 40; turn += 1)
      await graph.write(
        `MATCH (n:Entity {name: 'Harbor'})-[e:RELATES_TO {fact: 'Harbor uses crane0'}]->() SET e.reference_time = $turn, n.summary = $turn`,
        { turn: String(turn) },
      );

    const { facts } = await memory.search('Harbor uses crane0', 5, { recipe: { facts: by('vector') } });
    const { entities } = await memory.search('Harbor Quay', 5, { recipe: { entities: by('vector') } });

    expect(facts).toHaveLength(5);
    expect(names(entities).sort()).toEqual(['Harbor', 'Quay']);
  });

  test('by a common word alone', async () => {
    const { memory, entity, fact } = await newMemory();
    const [harbor, quay] = [await entity('Harbor'), await entity('Quay')];
    for (let index = 0; index < 80; index += 1) await fact(harbor, quay, { fact: `deployed build${index}` });

    const { facts } = await memory.search('deployed', 5, { recipe: { facts: by('words') } });

    expect(facts).toHaveLength(5);
  });

  test('through entities that the query names, also by an alias', async () => {
    const { memory, alias, rio } = await row();
    const recipe = { facts: by('neighbours') };
    expect((await memory.search('Marvellous', 5, { recipe })).facts).toEqual([]);
    await alias('Marvellous City', rio);

    const [byName, byAlias] = await Promise.all([
      memory.search('Rio', 5, { recipe, cache: false }),
      memory.search('marvellous', 5, { recipe, cache: false }),
    ]);

    expect([texts(byName.facts), texts(byAlias.facts)]).toEqual([['born there long ago'], ['born there long ago']]);
  });
});

describe('breadth-first search', () => {
  const recipe = { facts: by('breadth-first'), entities: by('breadth-first') };

  // Conformance case of graphiti_core: episode → e1 (MENTIONS), e1 → e2 → e3.
  test.each([
    ['an episode', 1, [], ['Harbor']],
    ['an episode', 2, ['Harbor uses Redis'], ['Harbor', 'Redis']],
    ['an episode', 3, ['Harbor uses Redis', 'scripts run inside'], ['Harbor', 'Lua', 'Redis']],
    ['an entity', 1, ['Harbor uses Redis'], ['Redis']],
    ['an entity', 2, ['Harbor uses Redis', 'scripts run inside'], ['Lua', 'Redis']],
  ] as const)('finds from %s, %i steps out', async (from, depth, facts, entities) => {
    const { memory, harbor, told } = await row();

    const found = await memory.search('anything', 9, {
      recipe,
      walk: { from: [from === 'an episode' ? told : harbor], depth, direction: 'out' },
    });

    expect(texts(found.facts)).toEqual(facts);
    expect(names(found.entities).sort()).toEqual(entities);
  });

  test('follows edges both ways, nearest first', async () => {
    const { memory, lua } = await row();

    const found = await memory.search('anything', 9, { recipe, walk: { from: [lua], depth: 2 } });

    expect(names(found.entities).sort()).toEqual(['Harbor', 'Redis', 'Rio']);
    expect(found.facts.at(-1)?.fact).toBe('Harbor uses Redis');
  });

  test('without origins starts at the results of the other methods', async () => {
    const { memory } = await row();

    const without = await memory.search('Harbor', 9, { find: 'entities' });
    const found = await memory.search('Harbor', 9, { find: 'entities', walk: { depth: 1 } });

    expect(names(without.entities)).not.toContain('Redis');
    expect(names(found.entities)).toEqual(expect.arrayContaining(['Harbor', 'Redis']));
  });

  test('follows only facts that held at the time, and terminates in cycles', async () => {
    const { memory, fact, harbor, redis, island } = await row();
    await fact(redis, harbor, { fact: 'and back' });
    await fact(harbor, island, { fact: 'was there', invalidAt: '2025-02-01T00:00:00+00:00' });

    const found = await memory.search('anything', 20, { recipe, walk: { from: [harbor], depth: 3 } });

    expect(names(found.entities).sort()).toEqual(['Lua', 'Redis', 'Rio']);
  });
});

describe('entities, episodes and communities', () => {
  test.each([
    ['name', 'harbor'],
    ['summary', 'which service'],
  ])('an entity is found by its %s', async (_, query) => {
    const { memory, harbor } = await row();

    const { entities = [] } = await memory.search(query, 1, { find: 'entities' });

    expect(entities[0]).toMatchObject({ uuid: harbor, name: 'Harbor', type: 'Project', labels: ['Entity', 'Project'] });
    expect(entities[0]?.score).toBeGreaterThan(0);
  });

  test('an entity is found by its alias', async () => {
    const { memory, alias, redis } = await row();
    await alias('Remote Dictionary Server', redis);

    expect(names((await memory.search('dictionary', 5, { find: 'entities' })).entities)).toEqual(['Redis']);
  });

  test('an entity is found by its vector', async () => {
    const { memory } = await row();

    const found = await memory.search('Island', 1, { recipe: { entities: by('vector') } });

    expect(names(found.entities)).toEqual(['Island']);
  });

  test('an episode is found by its words, with the matching sentence', async () => {
    const { memory } = await row();

    const { episodes, facts } = await memory.search('zebras', 5, { find: 'episodes' });

    expect(facts).toEqual([]);
    expect(episodes).toMatchObject([{ name: 'told', excerpt: 'Harbor has zebras.' }]);
  });

  test('a community is found by its words and by its vector', async () => {
    const { memory, community } = await row();
    await community('Storage people', 'They keep things.');

    for (const method of ['words', 'vector'] as const) {
      const recipe = { communities: by(method) };
      const found = await memory.search('storage', 5, { recipe, cache: false });
      expect(names(found.communities)).toEqual(['Storage people']);
    }
  });

  test('all types are found in one query, each result as a bullet', async () => {
    const { memory, community } = await row();
    await community('Harbor people', 'They keep things.');

    const answer = await memory.queryMemory('Harbor', 5, { find: 'all' });

    for (const bullet of [
      '- Harbor uses Redis (since 2025-01-01)',
      '- Harbor (Project): a service of ours',
      '- Harbor has zebras. (said 2025-01-01)',
      '- Harbor people: They keep things.',
    ])
      expect(answer.split('\n')).toContain(bullet);
  });
});

describe('the rankers', () => {
  test('distance puts results nearest to the center first', async () => {
    const { memory } = await row();
    const query = 'Harbor uses Redis scripts run inside born there long ago';

    const facts = (await memory.search(query, 9, { find: 'facts', rank: 'distance', center: 'rio' })).facts;
    const { entities = [] } = await memory.search('Harbor Redis Lua Rio Island', 9, {
      find: 'entities',
      rank: 'distance',
      center: 'Rio',
    });

    expect(facts.map(({ fact, score }) => [fact, score])).toEqual([
      ['born there long ago', 1],
      ['scripts run inside', 1 / 2],
      ['Harbor uses Redis', 1 / 3],
    ]);
    expect(names(entities)).toEqual(['Rio', 'Lua', 'Redis', 'Harbor', 'Island']);
    expect(entities.at(-1)?.score).toBe(0);
  });

  test('mentions puts results with more episodes first', async () => {
    const { memory, episode, harbor, redis } = await row();
    for (const name of ['x', 'y']) await episode(name, { mentions: [redis, redis] });

    const { entities = [] } = await memory.search('Harbor Redis Lua', 9, { find: 'entities', rank: 'mentions' });

    expect(entities.slice(0, 2).map(({ uuid, score }) => [uuid, score])).toEqual([
      [redis, 2],
      [harbor, 1],
    ]);
  });

  test('mmr ranks only one of two duplicates high', async () => {
    const { memory, entity, fact } = await newMemory();
    const [a, b] = [await entity('Harbor'), await entity('Redis')];
    for (const text of ['Harbor uses Redis', 'Harbor uses redis!', 'Harbor runs slowly today'])
      await fact(a, b, { fact: text });

    const { facts } = await memory.search('Harbor uses', 3, { find: 'facts', rank: 'mmr' });

    expect(facts.map((it) => it.fact)[1]).toBe('Harbor runs slowly today');
    expect(facts).toHaveLength(3);
  });

  test('the cross-encoder is called once, for all candidates', async () => {
    const asked: (readonly string[])[] = [];
    const model = {
      ...plainModel(),
      score: async (_: string, passages: readonly string[]) => {
        asked.push(passages);
        return { scores: passages.map((passage) => (passage.includes('Redis') ? 0.9 : 0.1)) };
      },
    };
    const { memory, entity, fact, community, episode } = await newMemory(model);
    const [a, b] = [await entity('Harbor'), await entity('Redis')];
    await fact(a, b, { fact: 'Harbor uses Redis' });
    await community('Harbor people');
    await episode('Harbor lies still');

    const found = await memory.search('Harbor', 5, { find: 'all', rank: 'cross-encoder', minScore: 0.5 });

    expect(asked).toHaveLength(1);
    expect(asked[0]).toEqual(expect.arrayContaining(['Harbor uses Redis', 'Harbor people', 'Harbor lies still']));
    expect([texts(found.facts), names(found.entities), found.episodes, found.communities]).toEqual([
      ['Harbor uses Redis'],
      ['Redis'],
      [],
      [],
    ]);
  });
});

describe('sources', () => {
  test('of facts and entities are the episodes that state them', async () => {
    const { memory, told } = await row();
    const source = { uuid: told, name: 'told', referenceTime: new Date('2025-01-01'), sourceDescription: 'test' };

    const usual = await memory.search('Harbor Redis');
    const { entities = [] } = await memory.search('Harbor', 1, { find: 'entities' });

    expect(usual.facts.find(({ fact }) => fact === 'Harbor uses Redis')?.sources).toEqual([source]);
    expect(entities[0]?.sources).toEqual([source]);
  });

  test('that were removed are left out', async () => {
    const { memory, graph, told } = await row();
    await graph.write('MATCH (p:Episodic {uuid: $told}) DETACH DELETE p', { told });

    expect((await memory.search('Harbor uses Redis')).facts[0]?.sources).toEqual([]);
  });
});
