import { expect, test } from 'vitest';
import { diff } from '../../../../src/agents/install/diff.ts';

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `line ${from + index}`);

test('a new file is shown as all additions', () => {
  expect(diff('', 'a\nb\n')).toEqual(['+ a', '+ b']);
});

test('two changes are shown with their surrounding lines, and distant lines are left out', () => {
  const before = numbered(1, 20);
  const after = [...before.slice(0, 5), 'new', ...before.slice(5, 15), ...before.slice(16)];

  expect(diff(before.join('\n'), after.join('\n'))).toEqual([
    '  …',
    '  line 4',
    '  line 5',
    '+ new',
    '  line 6',
    '  line 7',
    '  …',
    '  line 14',
    '  line 15',
    '- line 16',
    '  line 17',
    '  line 18',
    '  …',
  ]);
});

test('identical texts give an empty diff', () => {
  expect(diff('a\nb', 'a\nb').filter((line) => /^[+-]/.test(line))).toEqual([]);
});

test('texts that differ too much to compare are shown in full', () => {
  const [before, after] = [numbered(1, 3_000), numbered(10_001, 13_000)];

  expect(diff(before.join('\n'), after.join('\n'))).toEqual([
    ...before.map((line) => `- ${line}`),
    ...after.map((line) => `+ ${line}`),
  ]);
});
