import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findBinaries } from '../../../src/embedded/binaries.ts';
import { startFalkorDB } from '../../../src/embedded/servers.ts';
import { ServersMissingError } from '../../../src/errors.ts';

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'embedded-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A PATH of one folder, with the programs given as shell scripts and the loader's `ldd`. */
async function pathOf(scripts: Record<string, string>): Promise<string> {
  const folder = await temporaryFolder();
  for (const [name, text] of Object.entries({ ldd: 'exec /usr/bin/ldd "$@"', ...scripts })) {
    await writeFile(join(folder, name), `#!/bin/sh\n${text}\n`);
    await chmod(join(folder, name), 0o755);
  }
  return folder;
}

test('two processes at once unpack Debian’s Valkey into an empty cache, and it runs', async (context) => {
  if (!existsSync('/usr/bin/apt-get')) context.skip('this machine has no apt-get to unpack with');
  const env = { ...process.env, PATH: '/usr/bin:/bin', XDG_CACHE_HOME: await temporaryFolder() };

  const announced: string[] = [];
  const [one, other] = await Promise.all([
    findBinaries({ env, announce: (work) => announced.push(work) }),
    findBinaries({ env }),
  ]);
  if (!one.origin.includes('unpacked')) context.skip(`this machine has a server already: ${one.origin}`);

  expect(other).toEqual(one);
  expect(announced).toHaveLength(1);
  const [platform] = await readdir(join(env.XDG_CACHE_HOME, 'memory-manager'));
  expect(await readdir(join(env.XDG_CACHE_HOME, 'memory-manager', platform as string))).toEqual(['valkey']);
  const server = await startFalkorDB({ binaries: one });
  await server.stop();

  const again: string[] = [];
  expect(await findBinaries({ env, announce: (work) => again.push(work) })).toEqual(one);
  expect(again).toEqual([]);
});

test('a Valkey on the PATH is preferred', async () => {
  const PATH = await pathOf({ 'valkey-server': 'echo "Valkey server v=9.0.0 sha=0"' });

  const { server, origin } = await findBinaries({ env: { ...process.env, PATH } });

  expect(server).toBe(join(PATH, 'valkey-server'));
  expect(origin).toBe('Valkey 9.0.0, valkey-server on the PATH');
});

test('without a server and without apt, one sentence lists what was tried', async (context) => {
  const PATH = await pathOf({
    'redis-server': 'echo "Redis server v=7.0.15 sha=0"',
    'apt-get': 'echo "E: Failed to fetch http://mirror.example/ 404" >&2; exit 100',
  });
  const env = { ...process.env, PATH, XDG_CACHE_HOME: await temporaryFolder() };

  const failure = await findBinaries({ env }).catch((error) => error);
  if (failure.origin) context.skip(`this machine runs ${failure.origin}`);

  expect(failure).toBeInstanceOf(ServersMissingError);
  expect(failure.message).toContain('valkey-server is not on the PATH; redis-server on the PATH is 7.0.15');
  expect(failure.message).toContain('up -d --wait valkey falkordb');
  expect(failure.message).not.toContain('mirror.example');
  expect(failure.message.split('\n')).toHaveLength(1);
});
