import { describe, expect, test } from 'vitest';
import { readAll } from './read.ts';

// Kinds of files from public bug reports, with texts of our own.
const MIRA = { type: 'entity', name: 'Mira Okafor', entityType: 'person' };
const WORKS = { type: 'relation', from: 'Mira Okafor', to: 'Harbor', relationType: 'works_on' };
const lines = (...values: unknown[]) => values.map((value) => JSON.stringify(value)).join('\n');

describe('the good parts of a damaged file are kept', () => {
  test.each<[string, string, string[], RegExp[]]>([
    [
      'null among observations',
      lines({ ...MIRA, observations: ['Prefers tea', null, '', 'Leads Harbor'] }, WORKS),
      ['Mira Okafor prefers tea', 'Mira Okafor leads Harbor', 'Mira Okafor works on Harbor'],
      [],
    ],
    [
      'an invalid observation',
      lines({ ...MIRA, observations: ['Prefers tea', 7, { text: 'x' }] }, WORKS),
      ['Mira Okafor prefers tea', 'Mira Okafor works on Harbor'],
      [/^Line 1: observation 2 must be text\.$/, /^Line 1: observation 3 must be text\.$/],
    ],
    [
      'one observation that cannot be stored',
      lines({ ...MIRA, observations: ['Prefers tea', 'a\0b'] }, WORKS),
      ['Mira Okafor prefers tea', 'Mira Okafor works on Harbor'],
      [/^Line 1: The content has a NUL character/],
    ],
    [
      'observations that are one text',
      lines({ ...MIRA, observations: 'Prefers tea' }, WORKS),
      ['Mira Okafor prefers tea', 'Mira Okafor works on Harbor'],
      [],
    ],
    [
      'two objects on one line',
      `${lines({ ...MIRA, observations: ['Prefers tea'] })}${lines(WORKS)}`,
      ['Mira Okafor prefers tea', 'Mira Okafor works on Harbor'],
      [],
    ],
    [
      'a last line that is cut off',
      `${lines(WORKS, { ...MIRA, observations: ['Prefers tea'] })}\n{"type": "relation", "from":`,
      ['Mira Okafor works on Harbor', 'Mira Okafor prefers tea'],
      [/^Line 3 is not JSON/],
    ],
    [
      'a document that is cut off',
      '{"results": [{"memory": "Harbor uses Valkey 8."}, {"memory": "Mira le',
      ['Harbor uses Valkey 8.'],
      [/^The document is incomplete; it may be truncated\.$/],
    ],
    [
      'memories that are null',
      '{"results": [{"memory": null}, {"memory": "Harbor uses Valkey 8.", "updated_at": null, "metadata": null}]}',
      ['Harbor uses Valkey 8.'],
      [/^Element 1 of results: "memory" must be text/],
    ],
    ['memories under data', '{"data": [{"memory": "Harbor uses Valkey 8."}]}', ['Harbor uses Valkey 8.'], []],
    [
      'a list of texts',
      '["Harbor uses Valkey 8.", "", "Mira leads Harbor."]',
      ['Harbor uses Valkey 8.', 'Mira leads Harbor.'],
      [/^Element 2: The content is empty/],
    ],
    [
      'sources as Python writes them',
      lines({ content: 'Harbor moved.', source: 'EpisodeType.text' }, { content: 'x', source: 'EpisodeType.podcast' }),
      ['Harbor moved.'],
      [/^Line 2: "source" must be text, message, json, fact_triple\.$/],
    ],
  ])('%s', async (_what, input, contents, problems) => {
    const read = await readAll(input);

    expect(read.contents.map((it) => (typeof it === 'string' ? it : it.fact))).toEqual(contents);
    expect(read.problems).toEqual(problems.map((problem) => expect.stringMatching(problem)));
  });
});

test('observations with a time keep that time', async () => {
  const said = { content: 'Prefers tea', timestamp: '2025-03-01T00:00:00Z' };

  const { episodes } = await readAll(lines({ ...MIRA, observations: [said] }, WORKS));

  expect(episodes[0]).toMatchObject({ content: 'Mira Okafor prefers tea', referenceTime: new Date('2025-03-01') });
});

test.each([
  ['Sat, 01 Mar 2025 10:00:00 GMT', '2025-03-01T10:00:00.000Z'],
  ['Sat, 1 Mar 2025 10:00:00 +0200', '2025-03-01T08:00:00.000Z'],
  ['2025-03-01 10:00:00+00:00', '2025-03-01T10:00:00.000Z'],
])('the time %s is read', async (reference_time, time) => {
  const { episodes } = await readAll(lines({ content: 'Harbor moved.', reference_time }));

  expect(episodes[0]?.referenceTime.toISOString()).toBe(time);
});

test.each([
  ['[{"title": "x", "mapping": {}}]', 'looks like a conversation of ChatGPT, which import does not support'],
  ['[{"uuid": "u", "chat_messages": []}]', 'looks like a conversation of Claude, which import does not support'],
  [
    JSON.stringify({ totalObservations: 1, observations: [] }, null, 2),
    'looks like an export of claude-mem, which import does not support',
  ],
  ['{"exportedAt": "2026", "documents": []}', 'looks like an export of supermemory, which import does not support'],
  ['{"a": 1, "b": 2}', 'has a, b and is none of episodes, mem0 and mcp-memory'],
  ['[7]', 'is not a JSON object in a supported format'],
])('an unsupported input is identified, with a hint on what to do: %s', async (input, sentence) => {
  const told = await readAll(input).then(
    ({ problems }) => problems,
    (error: Error) => [error.message],
  );

  expect(told).toEqual([expect.stringContaining(sentence)]);
  expect(told[0]).toContain('write its texts as lines like {"content": "…"');
});
