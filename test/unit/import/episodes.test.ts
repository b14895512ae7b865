import { describe, expect, test } from 'vitest';
import { readAll } from './read.ts';

const ID = '11111111-1111-4111-8111-111111111111';

describe("Graphiti's episodes", () => {
  test('are read as its library adds them', async () => {
    const raw = {
      ...{ name: 'standup', content: 'Mira: Harbor moved.', source: 'message', source_description: 'chat' },
      ...{ reference_time: '2025-03-20T09:00:00.123456+01:00', uuid: ID, group_id: 'team', saga: 'monday' },
      metadata: { file: 'a.md' },
    };
    const { format, episodes } = await readAll(JSON.stringify(raw));

    expect(format).toBe('episodes');
    expect(episodes).toMatchObject([
      {
        ...{ uuid: ID, group: 'team', content: 'Mira: Harbor moved.', source: 'message', sourceDescription: 'chat' },
        ...{ referenceTime: new Date('2025-03-20T08:00:00.123Z'), saga: 'monday' },
        metadata: { name: 'standup', file: 'a.md' },
      },
    ]);
  });

  test('are read as its MCP server accepts them and as it stores them', async () => {
    const stored = {
      uuid: ID,
      labels: [],
      content: 'b',
      valid_at: '2025-03-21',
      created_at: '2026-01-01',
      entity_edges: [],
    };
    const { episodes } = await readAll(JSON.stringify([{ name: 'a', episode_body: 'a', group_id: '' }, stored]));

    expect(episodes).toMatchObject([
      { content: 'a', source: 'text', sourceDescription: 'graphiti', group: 'default', metadata: { name: 'a' } },
      { content: 'b', uuid: ID, referenceTime: new Date('2025-03-21T00:00:00Z') },
    ]);
  });

  test('may be an object instead of JSON text', async () => {
    const { episodes } = await readAll('{"content": {"team": "Harbor", "size": [1, 2]}, "timestamp": 1742461200}');

    expect(episodes).toMatchObject([
      { content: '{"team":"Harbor","size":[1,2]}', source: 'json', referenceTime: new Date('2025-03-20T09:00:00Z') },
    ]);
  });

  test('without a uuid get the same uuid on every import, unless text, name or time differ', async () => {
    const lines = [
      '{"content":"a"}',
      '{"content":"a"}',
      '{"content":"b"}',
      '{"content":"a","name":"x"}',
      '{"content":"a","timestamp":5}',
    ];
    const { episodes } = await readAll(lines.join('\n'));

    expect(episodes[0]?.uuid).toBe(episodes[1]?.uuid);
    expect(new Set(episodes.map(({ uuid }) => uuid)).size).toBe(4);
  });

  test('of source fact_triple are read as text, not as our given facts', async () => {
    const { episodes } = await readAll('{"content": "(Mira, LEADS, Harbor)", "source": "fact_triple"}');

    expect(episodes).toMatchObject([{ source: 'text' }]);
  });

  test.each<[string, RegExp]>([
    ['null', /^Line 2: it must be a JSON object/],
    ['[]', /^Line 2: it must be a JSON object/],
    ['{}', /^Line 2: "content" must be text/],
    ['{"content": 5}', /^Line 2: "content" must be text/],
    ['{"content": " "}', /^Line 2: The content is empty/],
    ['{"content": "a\\u0000b"}', /^Line 2: The content has a NUL character at position 2/],
    ['{"content": "\\ud800"}', /^Line 2: The content has half a character/],
    ['{"content": "a", "source": "video"}', /^Line 2: "source" must be text, message, json, fact_triple/],
    ['{"content": "a", "reference_time": "once"}', /^Line 2: reference_time "once" is not a date/],
    ['{"content": "a", "reference_time": 1e300}', /^Line 2: reference_time must be a valid Date/],
    ['{"content": "a", "reference_time": true}', /^Line 2: "reference_time" must be/],
    ['{"content": "a", "uuid": "5"}', /^Line 2: "5" is not a uuid/],
    ['{"content": "a", "uuid": 5}', /^Line 2: "uuid" must be text/],
    ['{"content": "a", "metadata": "{}"}', /^Line 2: "metadata" must be a JSON object/],
    ['{"content": "a", "group_id": "my team"}', /^Line 2: The group "my team" is not a valid name/],
    [`{"content": "${'x'.repeat(5_001)}"}`, /^Line 2: The content has 5001 bytes and the limit is 5000/],
  ])('%s is reported', async (wrong, sentence) => {
    const { problems, episodes } = await readAll(`{"content": "a"}\n${wrong}\n{"content": "b"}`);

    expect(problems).toEqual([expect.stringMatching(sentence)]);
    expect(episodes).toHaveLength(2);
  });
});

test('an unrecognised format is reported, and so is an unknown format name', async () => {
  expect((await readAll('{"x": 1}')).problems).toEqual([
    expect.stringMatching(
      /^Line 1: it has x and is none of episodes, mem0 and mcp-memory; write its texts as lines like/,
    ),
  ]);
  await expect(readAll('{}', 'zep' as never)).rejects.toThrow(
    'import supports episodes, mem0 and mcp-memory, not "zep".',
  );
});
