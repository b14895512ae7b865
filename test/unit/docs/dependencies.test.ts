import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const file = (name: string) => readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8');
const { dependencies, optionalDependencies, peerDependencies, devDependencies } = JSON.parse(file('package.json'));
const page = file('docs/dependencies.md');
const [, packages = '', developmentPackages = ''] = page.split('\n## ');

/** The packages of each row, with what they are for and why they were chosen. */
const rows = [...packages.matchAll(/^\| (`.+?) \| (.+?) \| (.+?) \|$/gm)].map(([, listed = '', use, reason]) => {
  const names: string[] = [];
  // A second package of the same scope is written without the scope.
  for (const [, name = ''] of listed.matchAll(/`(.+?)`/g))
    names.push(name.startsWith('/') ? `${names[0]?.split('/')[0]}${name}` : name);
  return { names, use, reason };
});

const matches = (pattern: string, name: string): boolean =>
  pattern.endsWith('/*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
const used = Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies });

test.each(used)('docs/dependencies.md explains why %s is a dependency', (name) => {
  const row = rows.find(({ names }) => names.some((pattern) => matches(pattern, name)));

  expect(row).toMatchObject({ use: expect.stringMatching(/\w/), reason: expect.stringMatching(/\w/) });
});

test('the table lists only actual dependencies', () => {
  const listed = rows.flatMap(({ names }) => names);

  expect(listed.filter((pattern) => !used.some((name) => matches(pattern, name)))).toEqual([]);
});

test.each(Object.keys(devDependencies).filter((name) => !name.startsWith('@types/')))(
  'docs/dependencies.md explains what %s is used for in development',
  (name) => {
    expect(developmentPackages).toContain(`\`${name}\``);
  },
);
