import { expect, test } from 'vitest';
import { type KnownSecrets, openKnownSecrets } from '../../../src/forget/redact/known-secrets.ts';
import { maskEntry } from '../../../src/forget/redact/mask-journal.ts';
import { mergedStatements } from '../../../src/forget/redact/merged-statements.ts';
import type { Params } from '../../../src/graph/query-text.ts';
import { MAX_LINEAR_GROWTH, timeGrowth } from '../../support/processor.ts';

const UUID = '11111111-0000-4000-8000-000000000000';
const EPISODE = '22222222-0000-4000-8000-000000000000';
const KEY = `ghp_${'kQ7xW2mN'.repeat(5)}`;

test('a forgotten secret is removed from every field of its elements in the journal, including numbers with revealing names', () => {
  const known = openKnownSecrets();
  const own = new Set(known.learn('password: hunter2'));
  const ownSecrets = new Map([
    [UUID, own],
    [EPISODE, own],
  ]);
  const masked = (params: Params) =>
    maskEntry(
      { query: 'MERGE …', params },
      { known, replacements: new Map(), ownSecrets, summarySecrets: ownSecrets, masked: new Map() },
    ).params;
  const words = encodeURIComponent(JSON.stringify(['USES', 'Login uses hunter2']));
  const support = `${EPISODE} 2025-01-01T00:00:00+00:00 - - - ${words}`;
  const rows: Params[] = [
    { uuid: UUID, summary: 'Logs in with hunter2', name: 'login Hunter2', embedding: [0.5, 0.25] },
    { uuid: UUID, attributes: { password: 'hunter2', pin: 1234567, port: 80, sizes: [1, 2] } },
    { key: `fact:${UUID}`, supports: [support], wordings: ['login uses hunter2'] },
    { key: `episode:${EPISODE}`, told: `[{"entity":"${UUID}","name":"hunter2","attributes":{"pin":1234567}}]` },
    { uuid: EPISODE, node: { uuid: EPISODE, name: 'hunter2 again' }, terms: ['login', 'hunter2'] },
    { key: 'alias:login hunter2', alias: 'login hunter2', entity: UUID },
    // Elsewhere it may be a word.
    { uuid: '33333333-0000-4000-8000-000000000000', name: 'The game hunter2' },
  ];

  const left = JSON.stringify(masked({ rows }));

  expect(left.match(/hunter2/gi)).toEqual(['hunter2']);
  expect(left).not.toContain('1234567');
  expect(left).toContain('"embedding":[1,0]');
  expect(left).toContain('"port":80,"sizes":[1,2]');
});

test('letters that become longer in lower case do not disable masking', () => {
  const known = openKnownSecrets();
  known.learn('The password is Wx7-Quartz-93.');

  expect(known.mask('İstanbul: wx7-quartz-93 İ')).toBe('İstanbul: [redacted:repeated] İ');
  expect(known.mask('Quay-İx', new Set(['quay-İX']))).toBe('[redacted:repeated]');
});

test.each([
  ['brackets before a letter', (length: number) => `${'])}'.repeat(length / 3)}a`],
  ['letters that are longer in lower case', (length: number) => 'İ'.repeat(length)],
])('learning and masking take linear time: %s', (_, shape) => {
  const work = (length: number) => {
    const known: KnownSecrets = openKnownSecrets();
    known.learn(`password="Kq7-${shape(length)}"`);
    known.mask(shape(length), new Set(['hunter2']));
  };

  expect(timeGrowth(work, 50_000)).toBeLessThan(MAX_LINEAR_GROWTH);
});

test('equal sentences keep their own positions', () => {
  const known = openKnownSecrets();
  const before = `Dock uses Go. The key is ${KEY}. Dock uses Go. Dock uses Go.`;
  const content = before.replace(KEY, '[redacted:github-token]');
  const row = (start: number) => ({ text: 'Dock uses Go', start, end: start + 12 }) as never;
  const starts = [...before.matchAll(/Dock/g)].map(({ index }) => index);

  const merged = mergedStatements(starts.map(row), before, { content, statements: [] }, known) as { start: number }[];

  expect(merged.map(({ start }) => start)).toEqual([...content.matchAll(/Dock/g)].map(({ index }) => index));
});
