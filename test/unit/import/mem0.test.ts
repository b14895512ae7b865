import { describe, expect, test } from 'vitest';
import { readAll } from './read.ts';

const MEMORY = {
  ...{ id: '892db2ae-06d9-49e5-8b3e-585ef9b85b8e', memory: 'Likes to play cricket', hash: 'f1a2', score: 0.9 },
  ...{ created_at: '2024-07-20T01:30:36.275141-07:00', updated_at: '2024-08-01T00:00:00Z' },
  ...{ user_id: 'alice', run_id: 'r1', categories: ['hobbies'], metadata: { category: 'sport' } },
};
const RELATIONS = [{ source: 'alice', relationship: 'lives_in', target: 'new_york' }];

describe('an export from mem0', () => {
  test('becomes an episode per memory and a given fact per relation', async () => {
    const { format, episodes, contents } = await readAll(JSON.stringify({ results: [MEMORY], relations: RELATIONS }));

    expect(format).toBe('mem0');
    expect(contents).toMatchObject([
      'Likes to play cricket',
      { source: 'alice', relation: 'LIVES_IN', target: 'new york', fact: 'alice lives in new york' },
    ]);
    expect(episodes[0]).toMatchObject({
      ...{ source: 'text', sourceDescription: 'mem0, user alice', referenceTime: new Date('2024-08-01T00:00:00Z') },
      metadata: {
        ...{ mem0_id: MEMORY.id, user_id: 'alice', run_id: 'r1', categories: ['hobbies'], category: 'sport' },
        created_at: MEMORY.created_at,
      },
    });
    expect(Object.keys(episodes[0]?.metadata ?? {})).not.toContain('hash');
    expect(episodes[1]?.metadata).toEqual(RELATIONS[0]);
  });

  test.each<[string, unknown]>([
    ['a bare list', [MEMORY]],
    ['a page of the platform', { count: 1, next: null, previous: null, results: [MEMORY] }],
    [
      "OpenMemory's backup",
      { user: { id: 1 }, memories: [{ id: MEMORY.id, content: MEMORY.memory, created_at: 1721464236 }] },
    ],
  ])('can be read as %s', async (_, document) => {
    const { format, contents } = await readAll(JSON.stringify(document));

    expect(format).toBe('mem0');
    expect(contents).toEqual(['Likes to play cricket']);
  });

  test('gives the same episode for the same id and text, and a new one for a changed memory', async () => {
    const changed = { ...MEMORY, memory: 'Likes to play chess' };
    const moved = { ...MEMORY, updated_at: '2025-01-01T00:00:00Z', categories: null };
    const { episodes } = await readAll([MEMORY, changed, moved].map((it) => JSON.stringify(it)).join('\n'));

    expect(new Set(episodes.map(({ uuid }) => uuid)).size).toBe(2);
    expect(episodes[2]?.uuid).toBe(episodes[0]?.uuid);
  });

  test('omits deleted memories, and keeps names as they are written', async () => {
    const { contents } = await readAll(
      JSON.stringify({
        memories: [{ ...MEMORY, state: 'deleted' }],
        relations: [{ source: 'src/my_file.ts', relationship: 'part of', destination: 'Harbor_Core' }],
      }),
    );

    expect(contents).toMatchObject([{ source: 'src/my_file.ts', relation: 'PART_OF', target: 'Harbor_Core' }]);
  });

  test.each<[string, unknown, RegExp]>([
    ['no text', { results: [{ id: 'x' }] }, /^Element 1 of results: "memory" must be text/],
    ['an empty text', { results: [{ memory: '' }] }, /^Element 1 of results: The content is empty/],
    ['a text that is not a string', { results: [{ memory: ['a'] }] }, /^Element 1 of results: "memory" must be text/],
    [
      'a wrong time',
      { results: [{ memory: 'a', created_at: 'soon' }] },
      /^Element 1 of results: created_at "soon" is not/,
    ],
    ['a null element', { results: [null] }, /^Element 1 of results: it/],
    [
      'an incomplete relation',
      { results: [], relations: [{ source: 'a', relationship: 'b' }] },
      /^Element 1 of relations: "target"/,
    ],
    [
      'a relation without a name',
      { results: [MEMORY], relations: [{ source: 'a' }] },
      /^Element 1 of relations: "relationship" must/,
    ],
    [
      'a relation of an entity to itself',
      { results: [MEMORY], relations: [{ source: 'a', relationship: 'is', target: 'A' }] },
      /A fact connects two different/,
    ],
  ])('with %s is reported', async (_, document, sentence) => {
    expect((await readAll(JSON.stringify(document), 'mem0')).problems).toEqual([expect.stringMatching(sentence)]);
  });
});
