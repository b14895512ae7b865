import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const NAMED_FILE = /`([\w@./-]*[\w-]\.(?:ts|mjs))`/g;
/** Names of changes that are past. */
const HISTORY = ['CHANGELOG.md'];

const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '');
const readers = files.filter(
  (file) =>
    /^(?:[^/]+\.md|docs\/.*\.md|examples\/.*\.md|(?:src|workers|bench|scripts|test)\/.*\.ts)$/.test(file) &&
    !HISTORY.includes(file),
);
const commentsOf = (source: string) => source.match(/\/\*\*?[\s\S]*?\*\/|^\s*\/\/.*$/gm)?.join('\n') ?? '';

test('every source file that a page or a comment names exists', () => {
  const missing = readers.flatMap((reader) => {
    const source = readFileSync(join(ROOT, reader), 'utf8');
    const text = reader.endsWith('.md') ? source : commentsOf(source);
    return [...text.matchAll(NAMED_FILE)]
      .map(([, name = '']) => name.replace(/^(?:\.\.?\/)+/, ''))
      .filter((name) => !files.some((file) => file === name || file.endsWith(`/${name}`)))
      .map((name) => `${reader} names ${name}`);
  });

  expect(missing).toEqual([]);
});
