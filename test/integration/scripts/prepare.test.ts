import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MINUTE } from '../../../src/time.ts';

// The real scripts and the real npm, offline, in a small clone: its compiler is a folder, and its build writes one file.

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const { name, scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const BUILD = `mkdir -p dist/bin && printf '#!/bin/sh\\necho it works\\n' > dist/bin/main.cjs && chmod +x dist/bin/main.cjs`;

let folder: string;
let clone: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'memory-clone-'));
  clone = join(folder, 'clone');
  mkdirSync(join(clone, 'compiler'), { recursive: true });
  mkdirSync(join(clone, 'src'));
  writeFileSync(join(clone, 'compiler', 'package.json'), '{"name": "typescript", "version": "1.0.0"}');
  const manifest = {
    name,
    version: '0.1.0',
    bin: { 'memory-manager': './dist/bin/main.cjs' },
    files: ['dist'],
    scripts: { prepare: scripts.prepare, build: BUILD },
    devDependencies: { typescript: 'file:./compiler' },
  };
  writeFileSync(join(clone, 'package.json'), JSON.stringify(manifest));
  for (const script of ['setup.mjs', 'is-built.mjs', 'agent-hosts.mjs'])
    cpSync(join(ROOT, 'scripts', script), join(clone, 'scripts', script));
  expect(npm('install', '--package-lock-only')).toMatchObject({ status: 0 });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** npm without a network and without the settings of the npm that runs these tests. */
function npm(...args: string[]) {
  const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^npm_/i.test(key)));
  const { status, stdout, stderr } = spawnSync('npm', [...args, '--offline', '--no-audit', '--no-fund'], {
    cwd: clone,
    env: { ...env, npm_config_cache: join(folder, 'cache') },
    encoding: 'utf8',
    timeout: 2 * MINUTE,
  });
  return { status, stdout, stderr };
}

const isBuilt = () => existsSync(join(clone, 'dist', 'bin', 'main.cjs'));

test('`npm install -g .` in a fresh clone installs its packages and builds, and the command works in another folder', () => {
  const global = join(folder, 'global');

  expect(npm('install', '-g', '--prefix', global, '.')).toMatchObject({ status: 0 });

  expect(existsSync(join(clone, 'node_modules', 'typescript'))).toBe(true);
  const command = spawnSync(join(global, 'bin', 'memory-manager'), { cwd: folder, encoding: 'utf8' });
  expect(command.stdout).toBe('it works\n');
});

test('`npm install -g --install-links .` makes a copy that works without the clone', () => {
  const global = join(folder, 'global');

  expect(npm('install', '-g', '--prefix', global, '--install-links', '.')).toMatchObject({ status: 0 });
  rmSync(clone, { recursive: true });

  const command = spawnSync(join(global, 'bin', 'memory-manager'), { cwd: folder, encoding: 'utf8' });
  expect(command.stdout).toBe('it works\n');
});

test('`npm ci` builds a fresh clone, and `npm pack` packs the build', () => {
  expect(npm('ci')).toMatchObject({ status: 0 });
  expect(isBuilt()).toBe(true);

  rmSync(join(clone, 'dist'), { recursive: true });
  expect(npm('pack').stdout).toMatch(/\.tgz\n$/);
  const tarball = join(clone, 'memory-manager-memory-manager-0.1.0.tgz');
  const { stdout } = spawnSync('tar', ['-tzf', tarball], { encoding: 'utf8' });
  expect(stdout.split('\n')).toContain('package/dist/bin/main.cjs');
});

test('without development packages `npm ci` succeeds and says that nothing is built', () => {
  const { status, stderr } = npm('ci', '--omit=dev');

  expect(status).toBe(0);
  expect(stderr).toContain('setup: not built, because the development packages are missing');
  expect(isBuilt()).toBe(false);
});

test('`npm ci` succeeds with only package.json and its lock file, as in an image', () => {
  rmSync(join(clone, 'scripts'), { recursive: true });

  expect(npm('ci', '--omit=dev')).toMatchObject({ status: 0 });
});

test("a failing build makes `npm ci` fail with the build's own message", () => {
  const manifest = JSON.parse(readFileSync(join(clone, 'package.json'), 'utf8'));
  manifest.scripts.build = 'echo "main.ts: type error" >&2; exit 2';
  writeFileSync(join(clone, 'package.json'), JSON.stringify(manifest));

  const { status, stderr } = npm('ci');
  expect(status).not.toBe(0);
  expect(stderr).toContain('main.ts: type error');
});
