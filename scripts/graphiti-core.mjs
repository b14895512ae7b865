#!/usr/bin/env node
/**
 * Installs the real graphiti_core from PyPI in a virtual environment in the cache folder, for `test/integration/graphiti/real-graphiti.test.ts`.
 * Needs Python 3.10 or later with pip.
 *
 *     npm run graphiti-core     prints the folder
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** The release that docs/graphiti.md names. */
const RELEASE = '0.31.2';
const FOLDER = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'memory-manager', 'graphiti-core');
const PYTHON = join(FOLDER, 'bin', 'python');

mkdirSync(dirname(FOLDER), { recursive: true });
if (!existsSync(PYTHON)) run('python3', ['-m', 'venv', FOLDER]);
// It imports httpx without naming it as its own dependency.
run(PYTHON, ['-m', 'pip', 'install', '--quiet', `graphiti-core[falkordb]==${RELEASE}`, 'httpx']);
console.log(FOLDER);

function run(program, parameters) {
  const { status, error } = spawnSync(program, parameters, { stdio: ['ignore', 2, 2] });
  if (status === 0) return;
  console.error(`graphiti-core: ${program} ${parameters[0]} failed${error ? `: ${error.message}` : ''}.`);
  // A half-made environment would count as there.
  rmSync(FOLDER, { recursive: true, force: true });
  process.exit(1);
}
