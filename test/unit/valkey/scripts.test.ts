import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const SOURCE = fileURLToPath(new URL('../../../src', import.meta.url));
/** A constant of Lua with the comment before it. */
const SCRIPT =
  /(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n)?(?:export )?const (\w+) = `([^`]*(?:redis\.call|\bKEYS\b)[^`]*)`/g;

interface Script {
  readonly name: string;
  readonly comment: string;
  readonly lua: string;
}

const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(join(SOURCE, name), 'utf8'));
const scripts = files.flatMap((text) =>
  Array.from(text.matchAll(SCRIPT), ([, comment = '', name = '', lua = '']): Script => ({ name, comment, lua })),
);

test('scripts that Valkey runs have names of their own', () => {
  const calls = files.join('\n').match(/redis\.call/g)?.length;
  expect(scripts.flatMap(({ lua }) => lua.match(/redis\.call/g) ?? [])).toHaveLength(calls ?? 0);
  expect(new Set(scripts.map(({ name }) => name)).size).toBe(scripts.length);
});

test.for(scripts)('the comment of $name lists its keys, arguments and result', ({ comment, lua }) => {
  const used = new Set(lua.match(/\b(?:KEYS|ARGV)\[\d+\]/g));

  for (const name of used) expect(comment).toContain(name);
  if (/\bKEYS\b/.test(lua)) expect(comment).toContain('KEYS[1');
  expect(comment).toContain('Returns');
});
