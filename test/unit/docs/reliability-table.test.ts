import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { RELIABILITY_ROWS } from '../../../scripts/reliability/rows.ts';

const page = readFileSync(new URL('../../../docs/reliability.md', import.meta.url), 'utf8');
/** The first line of each row: number, fault, required, …, test. */
const rows = new Map(
  [...page.matchAll(/^\| (\d+) \| (.+?) \| (.+?) \| .* \| `test\/faults\/(.+?)` \|$/gm)].map(
    ([, row, happens, holds, file]) => [Number(row), { row: Number(row), happens, holds, file }],
  ),
);

test.each(RELIABILITY_ROWS)(
  'row $row of the table in docs/reliability.md matches scripts/reliability/rows.ts',
  (row) => {
    expect(rows.get(row.row)).toEqual(row);
  },
);
