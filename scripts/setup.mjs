#!/usr/bin/env node
/**
 * Makes a fresh clone ready to run: packages, build, server programs. npm calls it before `test`, `demo` and `bench`, so
 * it has to run on Node 20 with nothing installed, and to say nothing when all is there.
 *
 *     node scripts/setup.mjs [--no-build] [--no-servers]
 *     node scripts/setup.mjs --opencode   # also the real opencode, for tests
 *     node scripts/setup.mjs --prepare    # as npm's script `prepare`: builds, where the tools for that are installed
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { agentProgram } from './agent-hosts.mjs';
import { BUILT, isBuilt } from './is-built.mjs';

const MINUTE = 60_000;
const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const LOCK = join(ROOT, 'package-lock.json');
const MODULES = join(ROOT, 'node_modules');
const INSTALLED = join(MODULES, '.memory-manager-setup');
const NODE = join(MODULES, '.bin', 'node');
const COMPILER = join(MODULES, 'typescript', 'package.json');

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
    // How this script calls itself again, on the installed Node that runs TypeScript.
    'find-servers': { type: 'boolean' },
  },
});

try {
  if (flags['find-servers']) {
    await findServers();
  } else if (flags.prepare) {
    prepare();
  } else {
    installPackages();
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
function prepare() {
  if (process.env.npm_config_global === 'true') installPackages();
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

function checkNode() {
  if (existsSync(NODE)) return;
  throw new SetupError(
    'node_modules/.bin/node is missing, because npm installed the packages without running their scripts: ' +
      'run `npm rebuild node --ignore-scripts=false` and try again.',
  );
}

/** Also true after npm was called by hand, which leaves no stamp or an old one; a new one is written. */
function isInstalled(hash) {
  if (existsSync(INSTALLED) && readFileSync(INSTALLED, 'utf8') === hash) return true;
  const byHand = join(MODULES, '.package-lock.json');
  if (!existsSync(byHand) || statSync(byHand).mtimeMs < statSync(LOCK).mtimeMs) return false;
  writeFileSync(INSTALLED, hash);
  return true;
}

function build() {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  if (scripts?.build === undefined || isBuilt()) return;
  const began = new Date();
  step('building', () => insist(npm(['run', '--silent', 'build']), 'npm run build failed; its own words are above.'));
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

function runInstalled(parameters) {
  const { status, error } = spawnSync(NODE, parameters, { cwd: ROOT, stdio: 'inherit', timeout: 10 * MINUTE });
  if (error !== undefined) throw new SetupError(`${NODE} could not be run: ${error.message}`);
  // What went wrong was said by the script itself.
  if (status !== 0) process.exitCode = 1;
}

function npm(parameters) {
  const script = process.env.npm_execpath;
  const [program, before] = script?.endsWith('.js') ? [process.execPath, [script]] : ['npm', []];
  const { status, error, stdout, stderr } = spawnSync(program, [...before, ...parameters], {
    cwd: ROOT,
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
