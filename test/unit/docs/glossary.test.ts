import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

test('the glossary has at most 30 words, each once', () => {
  const page = readFileSync(new URL('../../../docs/architecture.md', import.meta.url), 'utf8');
  const [, glossary = ''] = /^## Glossary\n([\s\S]*?)\n## /m.exec(page) ?? [];
  const words = [...glossary.matchAll(/^\| ([a-z][^|]*?) \| (?!meaning \|)/gm)].flatMap(([, cell = '']) =>
    cell.split(', '),
  );

  expect(words.length).toBeGreaterThan(10);
  expect(words.length).toBeLessThanOrEqual(30);
  expect(new Set(words).size).toBe(words.length);
});
