import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findProgram, missingProgramPart, shellLine, shellWords } from '../../../../src/agents/install/program.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'memory-program-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function runnable(...parts: string[]): string {
  const path = join(folder, ...parts);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, '#!/bin/sh\n');
  chmodSync(path, 0o755);
  return path;
}

test('a program on PATH is called by its name', () => {
  const script = runnable('bin', 'memory-manager');
  expect(findProgram(script, { PATH: `/nowhere:${join(folder, 'bin')}` })).toEqual(['memory-manager']);
});

test('a PATH entry that npx or npm run adds does not count', () => {
  const script = runnable('node_modules', '.bin', 'memory-manager');
  const program = findProgram(script, { PATH: join(folder, 'node_modules', '.bin') });
  expect(program).toEqual([process.execPath, script]);
});

test('words are quoted for the shell', () => {
  expect(shellLine(['/opt/my tools/node', "it's", 'hook', '--host', 'a'])).toBe(
    `'/opt/my tools/node' 'it'\\''s' hook --host a`,
  );
});

test.each([
  [['/opt/my tools/node', "it's", 'hook', '--host', 'a']],
  [['memory-manager', 'hook', 'Stop', '--group', 'a-b']],
  [['', "''", 'a"b', '$x', 'back\\slash']],
])('the words %j survive writing and reading a command line', (words) => {
  expect(shellWords(shellLine(words))).toEqual(words);
});

test('missing parts of a program are named', () => {
  const node = runnable('bin', 'node');
  const environment = { PATH: join(folder, 'bin') };

  expect(missingProgramPart(['node'], environment)).toBeUndefined();
  expect(missingProgramPart([node, 'relative', node], environment)).toBeUndefined();
  expect(missingProgramPart(['memory-manager'], environment)).toBe('memory-manager');
  expect(missingProgramPart([node, join(folder, 'gone.cjs')], environment)).toBe(join(folder, 'gone.cjs'));
  expect(missingProgramPart([join(folder, 'gone')], environment)).toBe(join(folder, 'gone'));
});
