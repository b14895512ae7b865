import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { REMEDIES } from '../../../page/remedies.ts';

const page = readFileSync(fileURLToPath(new URL('../../../docs/failures.md', import.meta.url)), 'utf8');

test('the browser page says what to do about each kind of failure that can cause a dead letter', () => {
  const rows = page.split('\n').flatMap((line) => {
    const [, names = '', policy = ''] = line.split('|').map((cell) => cell.trim());
    return /^(?:retried|dead letter)$/.test(policy) ? [...names.matchAll(/`(\w+Error)`/g)].map(([, name]) => name) : [];
  });

  expect(rows.length).toBeGreaterThan(6);
  expect(Object.keys(REMEDIES).sort()).toEqual(rows.sort());
});
