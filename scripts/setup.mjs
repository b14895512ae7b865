#!/usr/bin/env node
/**
 * Makes a fresh clone ready to run: packages, build, server programs. npm calls it before `test`, `demo` and `bench`, so
 * it has to run on Node 20 with nothing installed, and to say nothing when all is there.
 *
 *     node scripts/setup.mjs [--no-build] [--no-servers]
 *     node scripts/setup.mjs --for-use    # only the packages that the command and the build need
 *     node scripts/setup.mjs --opencode   # also the real opencode, for tests
 *     node scripts/setup.mjs --prepare    # as npm's script `prepare`: builds, where the tools for that are installed
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { agentProgram } from './agent-hosts.mjs';
import { FOR_BUILD } from './build-packages.mjs';
import { BUILT, isBuilt } from './is-built.mjs';

const MINUTE = 60_000;
const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const LOCK = join(ROOT, 'package-lock.json');
const MODULES = join(ROOT, 'node_modules');
const INSTALLED = join(MODULES, '.memory-manager-setup');
const NODE = join(MODULES, '.bin', 'node');
const SERVERS = join(ROOT, 'src', 'embedded', 'binaries.ts');
const COMPILER = join(MODULES, 'typescript', 'package.json');
const TEST_RUNNER = join(MODULES, 'vitest', 'package.json');
/** Where packages for use are installed, before they take the place of older ones. */
const STAGING = join(ROOT, '.install');
/** Behind the hash in the stamp: only the packages for use are installed. */
const FOR_USE = ' for use';

/** A sentence for the user. */
class SetupError extends Error {}

let openLine = false;
// The reader of the output may close it early; the setup continues anyway.
process.stdout.on('error', () => {});

const { values: flags } = parseArgs({
  options: {
    'no-build': { type: 'boolean' },
    'no-servers': { type: 'boolean' },
    prepare: { type: 'boolean' },
    opencode: { type: 'boolean' },
    'for-use': { type: 'boolean' },
    // How this script calls itself again, on the installed Node that runs TypeScript.
    'find-servers': { type: 'boolean' },
  },
});

try {
  if (flags['find-servers']) {
    await findServers();
  } else if (flags.prepare) {
    await prepare();
  } else {
    if (flags['for-use']) installPackagesForUse();
    else installPackages();
    checkNode();
    if (!flags['no-build']) build();
    if (flags.opencode) installOpencode();
    if (!flags['no-servers']) runInstalled([fileURLToPath(import.meta.url), '--find-servers']);
  }
} catch (error) {
  if (openLine) process.stdout.write('\n');
  const isSentence = error instanceof SetupError || ['ServersMissingError', 'ConfigError'].includes(error.name);
  console.error(`setup: ${isSentence ? error.message : (error.stack ?? error)}`);
  process.exitCode = 1;
}

/**
 * npm calls it after `npm ci`, before `npm pack`, and for `npm install -g .`, which links this folder without installing its packages.
 * Nothing fails without development packages (`npm ci --omit=dev`): then what was built before stays.
 */
async function prepare() {
  const isGlobal = process.env.npm_config_global === 'true';
  if (isGlobal) installPackagesForUse();
  const servers = isGlobal ? fetchServers() : undefined;
  buildIfPossible();
  await servers;
}

function buildIfPossible() {
  if (isBuilt()) return;
  if (existsSync(COMPILER)) build();
  else
    console.error('setup: not built, because the development packages are missing: run `npm ci` without --omit=dev.');
}

function installPackages() {
  const hash = createHash('sha256').update(readFileSync(LOCK)).digest('hex');
  if (!isInstalled(hash)) {
    step('installing packages (npm ci)', () => {
      insist(
        npm(['ci', '--no-audit', '--no-fund', '--loglevel=error']),
        'npm could not install the packages; its own words are above.',
      );
    });
    writeFileSync(INSTALLED, hash);
  }
}

/**
 * Installs what the command and the build need: half of what `npm ci` downloads. Into a folder of its own, since npm can leave out either all
 * development packages or none.
 */
function installPackagesForUse() {
  // A clone in which tests have run gets all packages again.
  if (existsSync(TEST_RUNNER)) return installPackages();
  const hash = createHash('sha256').update(readFileSync(LOCK)).digest('hex');
  if (isInstalled(hash) || isStamped(hash + FOR_USE)) return;
  step('installing packages (npm ci)', () => {
    const [manifest, lock] = ['package.json', 'package-lock.json'].map((name) =>
      JSON.parse(readFileSync(join(ROOT, name), 'utf8')),
    );
    const wanted = new Set([...FOR_BUILD, ...(runsTypeScript() ? [] : ['node'])]);
    const forUse = (packages = {}) => Object.fromEntries(Object.entries(packages).filter(([name]) => wanted.has(name)));
    const root = lock.packages[''];
    rmSync(STAGING, { recursive: true, force: true });
    mkdirSync(STAGING);
    try {
      const write = (name, content) => writeFileSync(join(STAGING, name), JSON.stringify(content));
      write('package.json', { ...manifest, scripts: {}, devDependencies: forUse(manifest.devDependencies) });
      const packages = { ...lock.packages, '': { ...root, devDependencies: forUse(root.devDependencies) } };
      write('package-lock.json', { ...lock, packages });
      if (existsSync(join(ROOT, '.npmrc'))) cpSync(join(ROOT, '.npmrc'), join(STAGING, '.npmrc'));
      insist(
        npm(['ci', '--no-audit', '--no-fund', '--loglevel=error'], STAGING),
        'npm could not install the packages; its own words are above.',
      );
      rmSync(MODULES, { recursive: true, force: true });
      renameSync(join(STAGING, 'node_modules'), MODULES);
    } finally {
      rmSync(STAGING, { recursive: true, force: true });
    }
  });
  writeFileSync(INSTALLED, hash + FOR_USE);
}

/** As the command needs it; see `newer-node.ts`. */
function runsTypeScript() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 18);
}

/** Downloads the servers while the build runs, so that the first `up` need not. What fails here, `up` tries again and reports. */
function fetchServers() {
  if (!existsSync(SERVERS)) return;
  const child = spawn(installedNode(), [fileURLToPath(import.meta.url), '--find-servers'], {
    cwd: ROOT,
    stdio: 'ignore',
    timeout: MINUTE,
  });
  return new Promise((resolve) => {
    child.once('error', resolve);
    child.once('close', resolve);
  });
}

function checkNode() {
  if (existsSync(NODE) || (flags['for-use'] && runsTypeScript())) return;
  throw new SetupError(
    'node_modules/.bin/node is missing, because npm installed the packages without running their scripts: ' +
      'run `npm rebuild node --ignore-scripts=false` and try again.',
  );
}

/** Also true after npm was called by hand, which leaves no stamp or an old one; a new one is written. */
function isInstalled(hash) {
  if (isStamped(hash)) return true;
  const byHand = join(MODULES, '.package-lock.json');
  if (!existsSync(byHand) || statSync(byHand).mtimeMs < statSync(LOCK).mtimeMs) return false;
  // The list of packages for use is older than the stamp that says so.
  if (isForUse() && statSync(byHand).mtimeMs <= statSync(INSTALLED).mtimeMs) return false;
  writeFileSync(INSTALLED, hash);
  return true;
}

function isForUse() {
  return existsSync(INSTALLED) && readFileSync(INSTALLED, 'utf8').endsWith(FOR_USE);
}

function isStamped(stamp) {
  return existsSync(INSTALLED) && readFileSync(INSTALLED, 'utf8') === stamp;
}

function build() {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  if (scripts?.build === undefined || isBuilt()) return;
  // Checking types takes most of the build's time, and CI has done it.
  const script = isForUse() && scripts['build:unchecked'] ? 'build:unchecked' : 'build';
  const began = new Date();
  step('building', () => insist(npm(['run', '--silent', script]), 'npm run build failed; its own words are above.'));
  mkdirSync(dirname(BUILT), { recursive: true });
  writeFileSync(BUILT, '');
  // A file saved while the build ran is newer than the stamp.
  utimesSync(BUILT, began, began);
}

/** Without it, its tests are skipped with a line that says so. */
function installOpencode() {
  if (agentProgram('opencode') !== undefined) return;
  const finish = begin('installing opencode for the tests');
  const script = join(ROOT, 'scripts', 'agent-hosts.mjs');
  const { status, stderr } = spawnSync(process.execPath, [script, 'opencode'], {
    encoding: 'utf8',
    timeout: 10 * MINUTE,
  });
  finish();
  if (status !== 0) console.error(`setup: ${(stderr ?? '').trim()}`);
}

async function findServers() {
  const { addressesFrom } = await import('../src/embedded/servers.ts');
  if (addressesFrom(process.env) !== undefined) return;
  const { findBinaries } = await import('../src/embedded/binaries.ts');
  let finish = () => {};
  await findBinaries({
    announce: (work) => {
      finish = begin(work);
    },
  });
  finish();
}

/** The clone's own Node, or this one, where the clone has none because this one is new enough. */
function installedNode() {
  return existsSync(NODE) ? NODE : process.execPath;
}

function runInstalled(parameters) {
  const node = installedNode();
  const { status, error } = spawnSync(node, parameters, { cwd: ROOT, stdio: 'inherit', timeout: 10 * MINUTE });
  if (error !== undefined) throw new SetupError(`${node} could not be run: ${error.message}`);
  // What went wrong was said by the script itself.
  if (status !== 0) process.exitCode = 1;
}

function npm(parameters, cwd = ROOT) {
  const script = process.env.npm_execpath;
  const [program, before] = script?.endsWith('.js') ? [process.execPath, [script]] : ['npm', []];
  const { status, error, stdout, stderr } = spawnSync(program, [...before, ...parameters], {
    cwd,
    env: withoutGlobal(process.env),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
    timeout: 15 * MINUTE,
  });
  if (error !== undefined) throw new SetupError(`npm could not be run: ${error.message}`);
  return { succeeded: status === 0, output: `${stdout}${stderr}` };
}

/** Without the settings that `npm install -g .` passes on: they would send the clone's own packages to the global folder. */
function withoutGlobal(env) {
  const isGlobal = /^npm_config_(?:global|prefix|local_prefix|global_prefix|location|install_links|omit|include)$/i;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isGlobal.test(name)));
}

function insist({ succeeded, output }, failure) {
  if (succeeded) return;
  process.stdout.write('\n');
  openLine = false;
  process.stderr.write(output);
  throw new SetupError(failure);
}

function step(work, act) {
  const finish = begin(work);
  act();
  finish();
}

/** Says what is being done; the returned function ends the line with the seconds it took. */
function begin(work) {
  const began = performance.now();
  process.stdout.write(`setup: ${work} … `);
  openLine = true;
  return () => {
    process.stdout.write(`${((performance.now() - began) / 1000).toFixed(1)} s\n`);
    openLine = false;
  };
}
