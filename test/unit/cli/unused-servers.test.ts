import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkSettings } from '../../../src/cli/doctor/machine.ts';
import { unusedServers } from '../../../src/cli/startup/unused-servers.ts';
import { loadConfig } from '../../../src/config.ts';
import { runningFile } from '../../../src/home.ts';

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'memory-unused-'));
  const settings = { VALKEY_HOST: '127.0.0.1', VALKEY_PORT: '7001', FALKORDB_HOST: '127.0.0.1', FALKORDB_PORT: '7002' };
  writeFileSync(runningFile(home), JSON.stringify({ settings }));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const unused = (variables: Record<string, string>) => {
  const environment = { MEMORY_HOME: home, ...variables };
  return unusedServers(environment, loadConfig(environment));
};

test('a URL or nodes that bypass the servers of a running `up` are reported, without the password', () => {
  expect(unused({ VALKEY_URL: 'redis://me:hush@platform:6379' })).toEqual([
    'VALKEY_URL leads to platform:6379, so the Valkey of `memory-manager up` at 127.0.0.1:7001 is not used; unset VALKEY_URL to use it.',
  ]);
  expect(unused({ FALKORDB_NODES: 'one:26379', FALKORDB_SENTINEL_NAME: 'main' })).toEqual([
    'FALKORDB_NODES leads to "main" of the sentinels one:26379, so the FalkorDB of `memory-manager up` at 127.0.0.1:7002 is not used; unset FALKORDB_NODES to use it.',
  ]);
  const environment = { MEMORY_HOME: home, VALKEY_URL: 'redis://platform:6379' };
  expect(checkSettings(loadConfig(environment), environment)).toContainEqual({
    level: 'warning',
    about: 'settings',
    message: expect.stringMatching(/^VALKEY_URL leads to platform:6379, so the Valkey of /),
  });
});

test.each([
  ['no URL', {}],
  ['a host, which is set for this program', { VALKEY_HOST: 'elsewhere' }],
  ['a URL of the same server', { VALKEY_URL: 'redis://localhost:7001' }],
])('nothing is reported for %s', (_, variables) => {
  expect(unused(variables)).toEqual([]);
});

test('nothing is reported when no server is running', () => {
  const environment = { MEMORY_HOME: join(home, 'other'), VALKEY_URL: 'redis://platform:6379' };
  expect(unusedServers(environment, loadConfig(environment))).toEqual([]);
});
