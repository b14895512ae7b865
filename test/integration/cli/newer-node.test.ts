import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MINUTE } from '../../../src/time.ts';
import { MAIN } from '../../support/command-line.ts';

// An old Node is played by a Node that states an old version. Which Node does so is decided by its path, so that the newer one is itself.

const PACKAGED = fileURLToPath(new URL('../../../node_modules/node/bin/node', import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'memory-node-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The environment in which the Node at this path states version 20. */
function environmentWithOld(node: string): Record<string, string> {
  const preload = join(folder, 'old.mjs');
  writeFileSync(
    preload,
    `if (process.execPath === ${JSON.stringify(node)})
       Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } });`,
  );
  return {
    PATH: process.env.PATH ?? '',
    HOME: folder,
    XDG_CACHE_HOME: join(folder, 'cache'),
    MEMORY_HOME: join(folder, 'home'),
    NODE_OPTIONS: `--import=${pathToFileURL(preload).href}`,
  };
}

/** A Node of its own path. */
function anotherNode(): string {
  const path = join(folder, 'node');
  try {
    linkSync(PACKAGED, path);
  } catch {
    copyFileSync(PACKAGED, path);
  }
  return path;
}

function run(node: string, args: readonly string[]) {
  const env = environmentWithOld(node);
  return spawnSync(node, [MAIN, ...args], { env, encoding: 'utf8', timeout: 2 * MINUTE });
}

test('on an old Node a command runs with the Node installed by the clone', () => {
  const { status, stdout, stderr } = run(anotherNode(), ['--version']);

  expect({ status, stdout, stderr }).toEqual({
    status: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    stderr: '',
  });
});

test('the exit status is that of the command', () => {
  const { status, stderr } = run(anotherNode(), ['stroe']);

  expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('There is no command "stroe"') });
});

test('a signal ends both processes', async () => {
  const node = anotherNode();
  const server = spawn(node, [MAIN, 'mcp'], { env: environmentWithOld(node), stdio: 'pipe' });
  // An answer shows that the command runs; its input stays open.
  server.stdin.write('{"jsonrpc":"2.0","id":1,"method":"ping"}\n');
  await once(server.stdout, 'data');
  server.kill('SIGTERM');
  const [status] = await once(server, 'close');

  expect(status).toBe(0);
});

test('a Node in the cache folder is used if no package provides one', () => {
  const cached = join(folder, 'cache', 'memory-manager', 'node_modules', 'node', 'bin', 'node');
  mkdirSync(join(cached, '..'), { recursive: true });
  writeFileSync(cached, '#!/bin/sh\nshift\necho "with the cached Node: $*"\n');
  chmodSync(cached, 0o755);

  expect(run(PACKAGED, ['query', 'Harbor']).stdout).toBe('with the cached Node: query Harbor\n');
});

test('without a newer Node a command to install one is printed', () => {
  const { status, stderr } = run(PACKAGED, ['--version']);

  expect(status).toBe(1);
  expect(stderr).toBe(
    'memory-manager needs Node 22.18 or newer; this is 20.20.2. To install one for memory-manager alone, run ' +
      `\`npm install --prefix ${join(folder, 'cache', 'memory-manager')} node@24\`.\n`,
  );
});
