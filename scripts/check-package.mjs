/**
 * Packs the package and lets two linters read it as a registry and other programs' compilers would. Then installs it as a user does, checks
 * the size, and runs the command. By command only, since the linters bring a compiler of their own and packages are downloaded.
 *
 *     npm run package
 */
import { spawnSync } from 'node:child_process';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LINTERS = [
  { name: 'publint', version: '0.3.25', args: ['--strict'] },
  // The package holds ES modules only: CommonJS programs import it dynamically.
  { name: '@arethetypeswrong/cli', version: '0.18.5', program: 'attw', args: ['--profile', 'esm-only'] },
];
const MOST_MEGABYTES = 350;

const folder = mkdtempSync(join(tmpdir(), 'memory-package-'));
try {
  npm(['pack', '--silent', '--pack-destination', folder]);
  const [tarball] = readdirSync(folder).map((name) => join(folder, name));
  for (const { name, version, program = name, args } of LINTERS)
    npm(['exec', '--yes', `--package=${name}@${version}`, '--', program, tarball, ...args]);
  install(tarball, join(folder, 'user'));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function install(tarball, place) {
  mkdirSync(place);
  writeFileSync(join(place, 'package.json'), JSON.stringify({ private: true }));
  npm(['install', '--omit=dev', '--no-audit', '--no-fund', tarball], place);
  const megabytes = Math.round(sizeOnDisk(place) / 1e6);
  console.log(`An install for users takes ${megabytes} MB (at most ${MOST_MEGABYTES}).`);
  if (megabytes > MOST_MEGABYTES) process.exitCode = 1;
  run(join(place, 'node_modules', '.bin', 'memory-manager'), ['--version'], place);
}

/** The blocks of a file, which are more than its length. */
function sizeOnDisk(path) {
  const stat = lstatSync(path);
  const inside = stat.isDirectory() ? readdirSync(path).map((name) => sizeOnDisk(join(path, name))) : [];
  return inside.reduce((sum, size) => sum + size, stat.blocks * 512);
}

function npm(args, cwd = ROOT) {
  run('npm', args, cwd);
}

function run(program, args, cwd) {
  const { status } = spawnSync(program, args, { cwd, stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
