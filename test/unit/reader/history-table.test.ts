import { expect, test } from 'vitest';
import { historyTable } from '../../../src/reader/history-table.ts';

const fact = (text: string, times: object) => ({
  ...{
    uuid: 'f',
    fact: text,
    relation: 'USES',
    source: 'a',
    sourceUuid: 'a',
    target: 'b',
    targetUuid: 'b',
    episodes: [],
  },
  ...{ validAt: null, invalidAt: null, createdAt: '2026-11-22T07:47:21.866598+00:00', expiredAt: null },
  ...times,
});

test('a history has one line for each fact, in columns, with both intervals', () => {
  const lines = historyTable([
    fact('Harbor floats', {}),
    fact('Harbor keeps its sessions\nin Redis 7', {
      validAt: '2025-01-10T00:00:00+00:00',
      invalidAt: '2025-03-01T00:00:00+00:00',
      expiredAt: '2026-11-22T08:00:00+00:00',
    }),
    fact('Harbor uses Valkey', { validAt: '2025-03-01T00:00:00+00:00' }),
  ]).split('\n');

  expect(lines).toEqual([
    `undated                   ${'Harbor floats'.padEnd(36)}  (known 2026-11-22)`,
    '2025-01-10 to 2025-03-01  Harbor keeps its sessions in Redis 7  (known 2026-11-22, ended known 2026-11-22)',
    `since 2025-03-01          ${'Harbor uses Valkey'.padEnd(36)}  (known 2026-11-22)`,
  ]);
});
