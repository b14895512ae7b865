import { expect, test } from 'vitest';
import { allowanceOf, excerptOf } from '../../../src/search/excerpt.ts';
import { passageRow, rankedPassage } from './passage-rows.ts';

test('of a diff the lines are shown that hold after it', () => {
  const diff = '@@ -1,3 +1,3 @@\n a: 1\n-timeout: 5\n+timeout: 8\n-gone: 1\n b: 2';
  const passage = passageRow({ episode: 'a', kind: 'code', start: 0, end: diff.length });
  expect(excerptOf(passage, diff, new Map(), [], 1_000)).toBe('@@ -1,3 +1,3 @@\n a: 1\n+timeout: 8\n-gone: 1\n b: 2');
});

test('a line that begins with a hyphen is left out of nothing else', () => {
  const list = '- old\n+ new';
  const passage = passageRow({ episode: 'a', kind: 'list', start: 0, end: list.length });
  expect(excerptOf(passage, list, new Map(), [], 1_000)).toBe(list);
});

test('joined passages get as much room as a list', () => {
  const found = rankedPassage({ episode: 'a' }, 1);
  expect(allowanceOf(0, { ...found, isJoined: true })).toBe(
    allowanceOf(0, rankedPassage({ episode: 'a', kind: 'list' }, 1)),
  );
  expect(allowanceOf(0, found)).toBeLessThan(allowanceOf(0, { ...found, isJoined: true }));
});
