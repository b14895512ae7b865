import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { completionScript } from '../../../src/cli/completion.ts';
import { InvalidInputError } from '../../../src/errors.ts';

const COMMANDS = [
  { name: 'store', options: ['group', 'reference-time'] },
  { name: 'status', options: ['group', 'require-worker'] },
  { name: 'query', options: ['since'] },
];

/** What bash offers for the last of these words. */
function offered(...words: string[]): string[] {
  const list = words.map((word) => `'${word}'`).join(' ');
  const script = `${completionScript('bash', COMMANDS)}
COMP_WORDS=(memory-manager ${list}); COMP_CWORD=${words.length}; _memory_manager; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout.split('\n').filter(Boolean);
}

test('bash completes commands, and the options of the typed command', () => {
  expect(offered('')).toEqual(['store', 'status', 'query']);
  expect(offered('st')).toEqual(['store', 'status']);
  expect(offered('status', '--')).toEqual(['--group', '--require-worker']);
  expect(offered('store', 'a text', '--r')).toEqual(['--reference-time']);
  expect(offered('unknown', '--')).toEqual([]);
});

test('the scripts of all shells contain every command and option', () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const script = completionScript(shell, COMMANDS);
    for (const { name, options } of COMMANDS)
      for (const word of [name, ...options]) expect(script).toMatch(new RegExp(`\\b${word}\\b`));
  }
});

test('an unknown shell is rejected with a message', () => {
  expect(() => completionScript('constructor', COMMANDS)).toThrow(InvalidInputError);
  expect(() => completionScript('', COMMANDS)).toThrow('completion supports bash, zsh, fish, not "".');
});
