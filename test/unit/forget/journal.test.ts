import { describe, expect, test } from 'vitest';
import { type Redactions, redactEntry } from '../../../src/forget/redact-journal.ts';
import type { Params } from '../../../src/graph/query-text.ts';

const GONE = '11111111-0000-4000-8000-000000000000';
const KEPT = '22222222-0000-4000-8000-000000000000';
const OTHER = '33333333-0000-4000-8000-000000000000';
const none: ReadonlySet<string> = new Set();
const without = (params: Params, unsaid: Partial<Redactions> = {}): unknown =>
  redactEntry(
    { query: 'MERGE …', params },
    { removed: new Set([GONE]), resummarized: none, reworded: none, words: none, masked: new Map(), ...unsaid },
  ).params;

describe('a journal entry', () => {
  test('is unchanged when it contains nothing forgotten', () => {
    const entry = { query: 'MERGE …', params: { rows: [{ uuid: KEPT, name: 'Harbor', embedding: [0.5, 0.25] }] } };

    expect(
      redactEntry(entry, {
        removed: new Set([GONE]),
        resummarized: none,
        reworded: none,
        words: none,
        masked: new Map(),
      }),
    ).toBe(entry);
  });

  test('keeps uuids, times, types and structure of forgotten elements, but no words', () => {
    const now = '2025-01-01T00:00:00+00:00';
    const node = { uuid: GONE, name: 'secret', group_id: 'g', valid_at: now, entity_edges: [] };
    const rows: Params[] = [
      { uuid: GONE, key: `episode:${GONE}`, metadata: '{"note":"secret"}', node: { ...node, content: 'secret' } },
      { uuid: GONE, name: 'secret', label: 'Host', embedding: [0.5, 0.25], attributes: { city: 'secret' } },
      { uuid: GONE, source: KEPT, target: OTHER, relation: 'SECRET', fact: 'secret', validAt: now, invalidAt: null },
    ];

    expect(without({ now, rows })).toEqual({
      now,
      rows: [
        { uuid: GONE, key: `episode:${GONE}`, metadata: null, node: { ...node, name: GONE, content: GONE } },
        { uuid: GONE, name: GONE, label: 'Host', embedding: [1, 0], attributes: {} },
        { uuid: GONE, source: KEPT, target: OTHER, relation: GONE, fact: GONE, validAt: now, invalidAt: null },
      ],
    });
  });

  test('keeps no words of lists inside forgotten elements', () => {
    const statements = [{ uuid: OTHER, episode: GONE, text: 'secret', start: 3 }];

    expect(without({ rows: [{ uuid: GONE, statements }] })).toEqual({
      rows: [{ uuid: GONE, statements: [{ uuid: OTHER, episode: GONE, text: GONE, start: 3 }] }],
    });
  });

  test('keeps the remaining text of a remaining episode, but not the vector of the whole text', () => {
    const left = { content: 'Quay uses Kafka.', metadata: null, passages: [{ terms: 'quai' }], statements: [] };
    const masked = new Map([[KEPT, { uuid: KEPT, key: `episode:${KEPT}`, ...left }]]);
    const rows: Params[] = [
      {
        ...{ uuid: KEPT, metadata: '{"tools":["secret"]}', statements: [{ text: 'secret' }] },
        ...{
          passages: [{ terms: 'secret' }],
          node: { uuid: KEPT, name: 'Notes', content: 'secret. Quay uses Kafka.' },
        },
      },
      { uuid: OTHER, episode: KEPT, embedding: [0.5, 0.25] },
    ];

    expect(without({ rows }, { masked: masked })).toEqual({
      rows: [
        {
          ...{ uuid: KEPT, metadata: null, statements: [], passages: left.passages },
          node: { uuid: KEPT, name: 'Notes', content: left.content },
        },
        { uuid: OTHER, episode: KEPT, embedding: [1, 0] },
      ],
    });
  });

  test('keeps remaining elements, without the words of forgotten ones', () => {
    const told = JSON.stringify([
      { entity: GONE, name: 'secret' },
      { entity: KEPT, name: 'Harbour' },
    ]);
    const supports = [`${GONE} 1 2 3 {"fact":"secret"}`, `${OTHER} 1 2 3 {"fact":"Harbor runs"}`];
    const rows: Params[] = [
      { key: `fact:${KEPT}`, supports, wordings: ['secret words', 'harbor runs'] },
      { key: `episode:${OTHER}`, told },
      { alias: 'Secret', key: 'alias:secret', entity: KEPT },
      { alias: 'Harbour', key: 'alias:harbour', entity: KEPT },
    ];

    expect(without({ rows }, { words: new Set(['secret', 'secret words']) })).toEqual({
      rows: [
        { key: `fact:${KEPT}`, supports: [`${GONE} 1 2 3`, supports[1]], wordings: ['harbor runs'] },
        { key: `episode:${OTHER}`, told: JSON.stringify([{ entity: KEPT, name: 'Harbour' }]) },
        { alias: KEPT, key: `alias:${KEPT}`, entity: KEPT },
        rows[3],
      ],
    });
  });

  test('loses summaries that are regenerated, outdated wording and names, and communities of changed entities', () => {
    const rows: Params[] = [
      { uuid: KEPT, summary: 'Harbor keeps a secret', was: 'Harbor' },
      { uuid: OTHER, fact: 'secret', relation: 'KEEPS', embedding: [0.5, 0.25], source: KEPT },
      { uuid: '1', name: 'About secrets', summary: 'secret', members: [{ uuid: KEPT, edge: '2' }] },
    ];

    expect(without({ rows }, { resummarized: new Set([KEPT]), reworded: new Set([OTHER]) })).toEqual({
      rows: [
        { uuid: KEPT, summary: KEPT, was: KEPT },
        { uuid: OTHER, fact: OTHER, relation: OTHER, embedding: [1, 0], source: KEPT },
        { uuid: '1', name: '1', summary: '1', members: [{ uuid: KEPT, edge: '2' }] },
      ],
    });
  });

  test('of a saga with a regenerated summary keeps its position', () => {
    expect(without({ saga: KEPT, summary: 'secret', at: null }, { resummarized: new Set([KEPT]) })).toEqual({
      saga: KEPT,
      summary: KEPT,
      at: null,
    });
  });
});
