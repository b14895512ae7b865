import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

// The npm package `memory-manager` is a different project: users who follow a page must never download it.

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const { dependencies, devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

/** Programs of our own development packages. */
const KNOWN = ['tsc', 'biome', ...Object.keys(devDependencies)];
const RUN = /\b(?:npx|npm exec|npm x|bunx|pnpm dlx|yarn dlx)\s+(?:-\S+\s+)*([@a-z][\w@./-]*)/g;
const INSTALLED = /\b(?:npm (?:i|install|add)|yarn add|pnpm add|bun add)\s+(?:-\S+\s+)*memory-manager\b/;

const filesBelow = (folder: string, ending: RegExp): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => ending.test(name) && !name.includes('node_modules'))
    .map((name) => join(folder, name));

const pages = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...filesBelow('docs', /\.md$/),
  ...filesBelow('examples', /./).filter((name) => /\.\w+$/.test(name)),
  ...filesBelow('.github', /\.(?:md|yml)$/),
  'docker-compose.yml',
  'Dockerfile',
];
const programs = [...filesBelow('src', /\.ts$/), ...filesBelow('scripts', /\.(?:ts|mjs)$/)];
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

test('no page runs a package that is not ours', () => {
  const foreign = pages.flatMap((path) =>
    [...read(path).matchAll(RUN)]
      .filter(([, name = '']) => !KNOWN.includes(name.replace(/(?!^)@.*/, '')))
      .map(([command]) => ({ path, command })),
  );

  expect(pages.length).toBeGreaterThan(30);
  expect(foreign).toEqual([]);
});

test('no page and no program tells users to run or install the unrelated package of that name', () => {
  const misleading = [...pages, ...programs].filter(
    (path) => /\bnpx memory-manager\b/.test(read(path)) || INSTALLED.test(read(path)),
  );

  expect(misleading).toEqual([]);
});

test('the viewer of queues is installed with the versions of BullMQ and ioredis that wrote the queues', () => {
  const installed = Object.fromEntries(
    [...read('docs/page.md').matchAll(/\b(bullmq|ioredis)@([\d.]+)/g)].map(([, name, version]) => [name, version]),
  );

  const own = (name: string) => dependencies[name].replace('^', '');
  expect(installed).toEqual({ bullmq: own('bullmq'), ioredis: own('ioredis') });
});
