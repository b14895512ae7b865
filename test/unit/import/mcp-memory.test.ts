import { describe, expect, test } from 'vitest';
import { readAll } from './read.ts';

const entity = (name: string, entityType: string, ...observations: string[]) => ({
  type: 'entity',
  name,
  entityType,
  observations,
});
const relation = (from: string, relationType: string, to: string) => ({ type: 'relation', from, to, relationType });
const lines = (...values: object[]) => values.map((it) => JSON.stringify(it)).join('\n');

const GRAPH = [
  entity('David Barnett', 'person', 'Speaks fluent Spanish', 'JWT tokens bore him'),
  entity('QuintoAndar', 'real_estate company'),
  entity('Harbor', 'project', 'Harbor uses Valkey 8'),
  relation('David Barnett', 'works_at', 'QuintoAndar'),
];

describe("the MCP reference memory server's graph", () => {
  test('becomes a sentence per observation and a given fact per relation, with the types of both entities', async () => {
    const { format, contents, episodes, problems } = await readAll(lines(...GRAPH));

    expect({ format, problems }).toEqual({ format: 'mcp-memory', problems: [] });
    expect(contents).toEqual([
      'David Barnett speaks fluent Spanish',
      'David Barnett: JWT tokens bore him',
      // No relation states the type of this entity.
      { source: 'Harbor', relation: 'IS_A', target: 'project', fact: 'Harbor is a project', sourceType: 'Project' },
      'Harbor uses Valkey 8',
      {
        ...{
          source: 'David Barnett',
          relation: 'WORKS_AT',
          target: 'QuintoAndar',
          fact: 'David Barnett works at QuintoAndar',
        },
        ...{ sourceType: 'Person', targetType: 'RealEstateCompany' },
      },
    ]);
    expect(episodes[0]).toMatchObject({
      ...{ source: 'text', sourceDescription: 'mcp-memory', group: 'default' },
      ...{
        metadata: { entity: 'David Barnett', entity_type: 'person' },
        referenceTime: new Date('2026-01-01T00:00:00Z'),
      },
    });
  });

  test('gives the same result as one document, and with its relations first', async () => {
    const [entities, relations] = [GRAPH.slice(0, 3), GRAPH.slice(3)].map((list) =>
      list.map(({ type: _, ...it }) => it),
    );
    const uuids = async (input: string) => (await readAll(input)).episodes.map(({ uuid }) => uuid).sort();

    const wanted = await uuids(lines(...GRAPH));

    expect(await uuids(JSON.stringify({ entities, relations }, null, 2))).toEqual(wanted);
    expect(await uuids(JSON.stringify({ relations, entities }))).toEqual(wanted);
    expect(await uuids(lines(...GRAPH.toReversed()))).toEqual(wanted);
  });

  test('adds only new observations on the next import', async () => {
    const before = await readAll(lines(entity('Mira', 'person', 'Likes tea')));
    const after = await readAll(lines(entity('Mira', 'Engineer', 'Likes tea', 'Likes milk')));

    const known = new Set(before.episodes.map(({ uuid }) => uuid));
    expect(after.episodes.filter(({ uuid }) => !known.has(uuid)).map(({ content }) => content)).toEqual([
      expect.stringContaining('"Engineer"'),
      'Mira likes milk',
    ]);
  });

  test('may contain cycles', async () => {
    const { contents, problems } = await readAll(
      lines(relation('a', 'knows', 'b'), relation('b', 'knows', 'a'), relation('a', 'talks_to', 'A')),
    );

    expect(problems).toEqual([]);
    expect(contents).toMatchObject([{ source: 'a', target: 'b' }, { source: 'b', target: 'a' }, 'a talks to A']);
  });

  test('may use any script', async () => {
    const { contents, problems } = await readAll(
      lines(
        entity('米拉', '人物', '喜欢茶'),
        entity('港', '项目'),
        relation('米拉', '领导', '港'),
        relation('港', '2nd of', '米拉'),
      ),
    );

    expect(problems).toEqual([]);
    expect(contents).toEqual([
      '米拉: 喜欢茶',
      { source: '米拉', relation: 'RELATES_TO', target: '港', fact: '米拉 领导 港' },
      { source: '港', relation: 'RELATES_TO', target: '米拉', fact: '港 2nd of 米拉' },
    ]);
  });

  test('may contain entities without observations', async () => {
    expect((await readAll(lines(entity('a', ''), entity('Thing', 'thing')))).contents).toEqual([]);
  });

  test.each<[object, RegExp]>([
    [{ type: 'entity', entityType: 'x', observations: [] }, /^Line 2: "name" must be text/],
    [{ ...entity('a', 'x'), observations: 5 }, /^Line 2: "observations" must be a list/],
    [{ ...entity('a', 'x'), observations: [7] }, /^Line 2: observation 1 must be text/],
    [{ ...entity('a', 'x'), entityType: 7 }, /^Line 2: "entityType" must be text/],
    [entity('a', 'x', 'b\0'), /^Line 2: The content has a NUL character/],
    [entity('a', 'x', '\ud800'), /^Line 2: The content has half a character/],
    [{ type: 'relation', from: 'a', to: 'b' }, /^Line 2: "relationType" must be text/],
    [relation('', 'x', 'b'), /^Line 2: The source is empty/],
    [[1], /^Line 2: it must be a JSON object/],
  ])('with the line %j is reported as damaged', async (wrong, sentence) => {
    expect((await readAll(lines(entity('Mira', 'person', 'Likes tea'), wrong))).problems).toEqual([
      expect.stringMatching(sentence),
    ]);
  });
});
