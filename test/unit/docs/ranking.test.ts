import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { WEIGHTS } from '../../../src/search/answer/ranking/rank.ts';

test('docs/ranking.md lists each signal of the ranking with the weight that is in use', () => {
  const page = readFileSync(new URL('../../../docs/ranking.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+)` \| [^|]+ \| (-?[\d.]+) \|/gm)];

  expect(Object.fromEntries(rows.map(([, name, weight]) => [name, Number(weight)]))).toEqual(WEIGHTS);
});
