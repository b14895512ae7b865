import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { FOR_BUILD } from '../../../scripts/build-packages.mjs';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const { devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  devDependencies: Record<string, string>;
};

/** What the build compiles and bundles, and what does it. */
const BUILT = ['src', 'workers', 'page', 'rolldown.config.mjs', 'scripts/third-party-notices.mjs'];
const PACKAGE = /(?:from|import\(?)\s*'(?!node:)((?:@[\w.-]+\/)?[\w.-]+)/g;

function filesOf(name: string): string[] {
  if (/\.\w+$/.test(name)) return [name];
  return readdirSync(join(ROOT, name), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.tsx?$/.test(path))
    .map((path) => join(name, path));
}

test('a clone that is only used has every development package that its build imports', () => {
  const imported = BUILT.flatMap(filesOf).flatMap((path) =>
    [...readFileSync(join(ROOT, path), 'utf8').matchAll(PACKAGE)].map(([, name = '']) => name),
  );
  const needed = new Set(
    imported.flatMap((name) => [name, `@types/${name}`]).filter((name) => name in devDependencies),
  );

  expect([...needed].filter((name) => !FOR_BUILD.includes(name))).toEqual([]);
  expect(FOR_BUILD.filter((name) => !(name in devDependencies))).toEqual([]);
});
