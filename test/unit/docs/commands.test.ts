import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { COMMANDS } from '../../../src/cli/commands.ts';

test('docs/commands.md has a row for each command and no others', () => {
  const page = readFileSync(new URL('../../../docs/commands.md', import.meta.url), 'utf8');
  const listed = [...page.matchAll(/^\| (`.+?) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([\w-]+)`/g)].map(([, name]) => name),
  );

  // `completion` lists the other commands, so it is not one of them.
  expect(listed.toSorted()).toEqual([...Object.keys(COMMANDS), 'completion'].sort());
});
