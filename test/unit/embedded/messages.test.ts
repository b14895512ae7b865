import { expect, test } from 'vitest';
import { serversMissing } from '../../../src/embedded/binaries.ts';
import { configurationText } from '../../../src/embedded/data-folder.ts';
import { lastUsefulLine, saysPortTaken } from '../../../src/embedded/run-program.ts';
import { ServersMissingError } from '../../../src/errors.ts';

test('who has no servers is told what was tried and what else to do, in one sentence', () => {
  const error = serversMissing(['valkey-server is not on the PATH', 'redis-server on the PATH is 7.0.15']);
  expect(error).toBeInstanceOf(ServersMissingError);
  expect(error.message).toBe(
    'No Valkey or Redis from 7.2 on that can load FalkorDB was found (valkey-server is not on the PATH; ' +
      'redis-server on the PATH is 7.0.15): run `docker compose up` and set FALKORDB_HOST, FALKORDB_PORT, ' +
      'VALKEY_HOST and VALKEY_PORT instead.',
  );
});

test('the reason of a failed start is picked out of the log', () => {
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

test('the reason is also found where the log has not begun', () => {
  expect(lastUsefulLine('\n>>> \'appendfsync "never"\'\nargument(s) must be one of the following: no\n')).toBe(
    'argument(s) must be one of the following: no',
  );
  expect(lastUsefulLine('')).toBe('');
});

test('a taken port is known from the log', () => {
  const line = '# Warning: Could not create server TCP listening socket 127.0.0.1:6379: bind: Address already in use';
  expect(saysPortTaken(line)).toBe(true);
  expect(saysPortTaken('# Failed to load the append-only file')).toBe(false);
});

test('values with spaces and quotes arrive in the server as they are', () => {
  const text = configurationText({ port: 1, dataFolder: '/my data', appendfsync: 'always', password: 'a "b" c' });
  expect(text).toContain('dir "/my data"\n');
  expect(text).toContain('requirepass "a \\"b\\" c"\n');
  expect(text).toContain('appendfsync "always"\n');
  expect(text).not.toContain('loadmodule');
});
