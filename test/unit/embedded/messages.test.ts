import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { serversMissing } from '../../../src/embedded/binaries.ts';
import { configurationText } from '../../../src/embedded/data-folder.ts';
import { isPortTaken, lastUsefulLine } from '../../../src/embedded/run-program.ts';
import { ServersMissingError } from '../../../src/errors.ts';

test('a user without servers sees in one sentence what was tried and what the alternatives are', () => {
  const tried = ['valkey-server is not on the PATH', 'redis-server on the PATH is 7.0.15'];
  const error = serversMissing(tried, '/opt/memory-manager/docker-compose.yml');
  expect(error).toBeInstanceOf(ServersMissingError);
  expect(error.message).toBe(
    'No Valkey or Redis from 7.2 on that can load FalkorDB was found (valkey-server is not on the PATH; ' +
      'redis-server on the PATH is 7.0.15). With Docker, run ' +
      '`docker compose -f /opt/memory-manager/docker-compose.yml up -d --wait valkey falkordb`, then ' +
      '`FALKORDB_PORT=6379 VALKEY_PORT=6380 memory-manager up`; with servers of your own, set FALKORDB_HOST, FALKORDB_PORT, ' +
      'VALKEY_HOST and VALKEY_PORT.',
  );
});

test('the printed Docker command uses the compose file of this package, with its services and ports', () => {
  const { message } = serversMissing([]);
  const [, file = '', services = ''] = /docker compose -f (\S+) up -d --wait ([a-z ]+)`/.exec(message) ?? [];
  const [, falkordb, valkey] = /FALKORDB_PORT=(\d+) VALKEY_PORT=(\d+)/.exec(message) ?? [];

  const compose = readFileSync(file, 'utf8');
  for (const service of services.split(' ')) expect(compose).toMatch(new RegExp(`^  ${service}:$`, 'm'));
  expect(compose).toContain(`ports: ["127.0.0.1:${falkordb}:6379"]\n    # Mounted`);
  expect(compose).toContain(`ports: ["127.0.0.1:${valkey}:6379"]\n    volumes: [valkey-data:/data]`);
});

test('the reason for a failed start is extracted from the log', () => {
  const log = [
    '811:C 22 Nov 2025 08:12:00.001 # WARNING Memory overcommit must be enabled!',
    '811:C 22 Nov 2025 08:12:00.001 * oO0OoO0OoO0Oo Valkey is starting oO0OoO0OoO0Oo',
    '811:M 22 Nov 2025 08:12:00.004 # Module /x/falkordb.so failed to load: libgomp.so.1: cannot open shared object file',
    "811:M 22 Nov 2025 08:12:00.004 # Can't load module from /x/falkordb.so: server aborting",
  ].join('\n');
  expect(lastUsefulLine(log)).toBe(
    'Module /x/falkordb.so failed to load: libgomp.so.1: cannot open shared object file',
  );
});

test('the reason is also found when the log is still empty', () => {
  expect(lastUsefulLine('\n>>> \'appendfsync "never"\'\nargument(s) must be one of the following: no\n')).toBe(
    'argument(s) must be one of the following: no',
  );
  expect(lastUsefulLine('')).toBe('');
});

test('a taken port is recognised from the log', () => {
  const line = '# Warning: Could not create server TCP listening socket 127.0.0.1:6379: bind: Address already in use';
  expect(isPortTaken(line)).toBe(true);
  expect(isPortTaken('# Failed to load the append-only file')).toBe(false);
});

test('values with spaces and quotes reach the server unchanged', () => {
  const text = configurationText({ port: 1, dataFolder: '/my data', appendfsync: 'always', password: 'a "b" c' });
  expect(text).toContain('dir "/my data"\n');
  expect(text).toContain('requirepass "a \\"b\\" c"\n');
  expect(text).toContain('appendfsync "always"\n');
  expect(text).not.toContain('loadmodule');
});
