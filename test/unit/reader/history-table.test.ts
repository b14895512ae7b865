import { expect, test } from 'vitest';
import { historyTable } from '../../../src/reader/history-table.ts';
import { toDate } from '../../../src/time.ts';

const fact = (text: string, times: object) => ({
  ...{ fact: text, validAt: null, invalidAt: null, expiredAt: null },
  createdAt: toDate('2026-11-22T07:47:21.866598+00:00'),
  ...times,
});

test('a history has one line per fact, in columns, with both time intervals', () => {
  const lines = historyTable([
    fact('Harbor floats', {}),
    fact('Harbor keeps its sessions\nin Redis 7', {
      validAt: toDate('2025-01-10T00:00:00+00:00'),
      invalidAt: toDate('2025-03-01T00:00:00+00:00'),
      expiredAt: toDate('2026-11-22T08:00:00+00:00'),
    }),
    fact('Harbor uses Valkey', { validAt: toDate('2025-03-01T00:00:00+00:00') }),
  ]).split('\n');

  expect(lines).toEqual([
    `undated                   ${'Harbor floats'.padEnd(36)}  (known 2026-11-22)`,
    '2025-01-10 to 2025-03-01  Harbor keeps its sessions in Redis 7  (known 2026-11-22, end known 2026-11-22)',
    `since 2025-03-01          ${'Harbor uses Valkey'.padEnd(36)}  (known 2026-11-22)`,
  ]);
});
