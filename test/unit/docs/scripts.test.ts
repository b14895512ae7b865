import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const { scripts, private: isPrivate, publishConfig, name, bin } = JSON.parse(read('package.json'));

const filesIn = (folder: string, ending: string) =>
  readdirSync(join(ROOT, folder))
    .filter((file) => file.endsWith(ending))
    .map((file) => join(folder, file));

test('every npm script that a page or a workflow names exists', () => {
  const places = [
    ...filesIn('.', '.md'),
    ...filesIn('docs', '.md'),
    ...filesIn('.github/workflows', '.yml'),
    '.ci/run',
  ];
  const named = places.flatMap((path) =>
    [...read(path).matchAll(/\bnpm run (?:--silent )?([a-z][\w:-]*)/g)].map(([, script = '']) => ({ path, script })),
  );

  expect(named.length).toBeGreaterThan(10);
  expect(named.filter(({ script }) => !Object.hasOwn(scripts, script))).toEqual([]);
});

test('the package cannot be published by accident, and its name is scoped because the unscoped name belongs to another project', () => {
  expect({ isPrivate, publishConfig, bin: Object.keys(bin) }).toEqual({
    isPrivate: true,
    publishConfig: undefined,
    bin: ['memory-manager'],
  });
  expect(name).toMatch(/^@[\w-]+\/memory-manager$/);
});

test('checking the examples of a missing page fails and lists the available pages', () => {
  const { status, stderr, stdout } = spawnSync(process.execPath, ['scripts/check-docs.ts', 'README', 'serach'], {
    cwd: ROOT,
    encoding: 'utf8',
  });

  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toMatch(/^docs: There is no page serach; the pages are README, examples, .*\bsearch\b.*\.\n$/);
});
