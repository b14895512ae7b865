import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MINUTE } from '../../../src/time.ts';

// The real scripts and the real npm, offline, in a small clone: its packages are nearly empty, and its build writes one file.

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const { name, scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const BUILD = `mkdir -p dist/bin && printf '#!/bin/sh\\necho it works\\n' > dist/bin/main.cjs && chmod +x dist/bin/main.cjs`;

/** Development packages that contain only what the scripts look for. */
const PACKAGES: Record<string, object> = {
  typescript: {},
  vitest: {},
  node: { bin: { node: 'node.sh' } },
};

let folder: string;
let clone: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'memory-clone-'));
  clone = join(folder, 'clone');
  mkdirSync(join(clone, 'src'), { recursive: true });
  const devDependencies = Object.fromEntries(Object.keys(PACKAGES).map((name) => [name, '1.0.0']));
  const manifest = {
    name,
    version: '0.1.0',
    bin: { 'memory-manager': './dist/bin/main.cjs' },
    files: ['dist'],
    scripts: { prepare: scripts.prepare, build: BUILD },
    devDependencies,
  };
  writeFileSync(join(clone, 'package.json'), JSON.stringify(manifest));
  for (const script of ['setup.mjs', 'is-built.mjs', 'agent-hosts.mjs', 'build-packages.mjs'])
    cpSync(join(ROOT, 'scripts', script), join(clone, 'scripts', script));
  const locked = Object.entries(PACKAGES).map(([name, fields]) => [
    `node_modules/${name}`,
    { version: '1.0.0', resolved: `file:${tarball(name, fields)}`, dev: true, ...fields },
  ]);
  const packages = { '': { name, version: '0.1.0', devDependencies }, ...Object.fromEntries(locked) };
  const lock = { name, version: '0.1.0', lockfileVersion: 3, requires: true, packages };
  writeFileSync(join(clone, 'package-lock.json'), JSON.stringify(lock));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function tarball(name: string, fields: object): string {
  const source = join(folder, 'packages', name);
  mkdirSync(source, { recursive: true });
  writeFileSync(join(source, 'package.json'), JSON.stringify({ name, version: '1.0.0', ...fields }));
  writeFileSync(join(source, `${name}.sh`), `#!/bin/sh\nexec '${process.execPath}' "$@"\n`, { mode: 0o755 });
  const file = join(folder, `${name}.tgz`);
  execFileSync('tar', ['-czf', file, '-C', join(folder, 'packages'), name]);
  return file;
}

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

const hasPackage = (name: string) => existsSync(join(clone, 'node_modules', name, 'package.json'));
const isBuilt = () => existsSync(join(clone, 'dist', 'bin', 'main.cjs'));

test('`npm install -g .` in a fresh clone installs its packages and builds, and the command works in another folder', () => {
  const global = join(folder, 'global');

  expect(npm('install', '-g', '--prefix', global, '.')).toMatchObject({ status: 0 });

  expect(Object.keys(PACKAGES).filter(hasPackage)).toEqual(['typescript']);
  expect(readdirSync(clone)).not.toContain('.install');
  const command = spawnSync(join(global, 'bin', 'memory-manager'), { cwd: folder, encoding: 'utf8' });
  expect(command.stdout).toBe('it works\n');
});

/** As `npm test` does first. */
const setUp = () =>
  spawnSync(process.execPath, ['scripts/setup.mjs', '--no-servers'], {
    cwd: clone,
    env: { PATH: process.env.PATH, npm_config_cache: join(folder, 'cache'), npm_config_offline: 'true' },
    timeout: 2 * MINUTE,
  }).status;

test('in a clone that was only used, the first test run installs the other packages, and `npm install -g .` keeps them', () => {
  const install = () => npm('install', '-g', '--prefix', join(folder, 'global'), '.').status;

  expect(install()).toBe(0);
  expect([setUp(), hasPackage('vitest')]).toEqual([0, true]);
  writeFileSync(join(clone, 'package-lock.json'), `${readFileSync(join(clone, 'package-lock.json'), 'utf8')}\n`);
  expect(install()).toBe(0);
  expect(Object.keys(PACKAGES).filter(hasPackage)).toEqual(Object.keys(PACKAGES));
});

test('a second `npm install -g .` installs no packages while they are the same', () => {
  const install = () => npm('install', '-g', '--prefix', join(folder, 'global'), '.').status;
  install();
  writeFileSync(join(clone, 'node_modules', 'kept'), '');

  expect(install()).toBe(0);

  expect(readdirSync(join(clone, 'node_modules'))).toContain('kept');
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
