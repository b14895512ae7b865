import { expect, test } from 'vitest';
import { retryAfter } from '../../../../src/models/server/retry-after.ts';

const NOW = Date.parse('2026-05-04T10:00:00Z');

test.each<[Record<string, string>, number | null]>([
  [{ 'retry-after-ms': '120' }, 120],
  [{ 'retry-after-ms': '120.4', 'retry-after': '9' }, 121],
  [{ 'retry-after': '9' }, 9000],
  [{ 'retry-after': '0' }, 0],
  [{ 'retry-after': 'Mon, 04 May 2026 10:00:30 GMT' }, 30_000],
  [{ 'retry-after': 'Mon, 04 May 2026 09:00:00 GMT' }, 0],
  [{ 'retry-after': '1e9' }, null],
  [{ 'retry-after': '999999999' }, 3_600_000],
  [{ 'retry-after': 'soon' }, null],
  [{}, null],
])('%j means a wait of %s ms', (headers, wait) => {
  expect(retryAfter(new Headers(headers), NOW)).toBe(wait);
});
