import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { SETTINGS } from '../../../src/settings.ts';

const PAGE = fileURLToPath(new URL('../../../page', import.meta.url));
const NAME = /\b(?:MEMORY|B2|VALKEY|FALKORDB|OPENAI|DD)_[A-Z0-9_]+/g;

test('the page names only settings that exist', () => {
  const sources = readdirSync(PAGE).filter((file) => /\.tsx?$/.test(file));
  const named = sources.flatMap((file) => readFileSync(join(PAGE, file), 'utf8').match(NAME) ?? []);

  expect(named).toContain('MEMORY_EXPORT_DIR');
  expect(named.filter((name) => !(name in SETTINGS))).toEqual([]);
});
