import { expect, test } from 'vitest';
import { addressesFrom } from '../../../src/embedded/servers.ts';
import { ConfigError } from '../../../src/errors.ts';

test('an environment that names no server makes us start our own', () => {
  expect(addressesFrom({})).toBeUndefined();
  expect(addressesFrom({ FALKORDB_HOST: '', VALKEY_PORT: '' })).toBeUndefined();
});

test('a host or a port is enough to name a server', () => {
  expect(addressesFrom({ FALKORDB_HOST: 'graph', VALKEY_PORT: '7000' })).toEqual({
    falkordb: { host: 'graph', port: 6379 },
    valkey: { host: '127.0.0.1', port: 7000 },
  });
});

test('one server without the other is rejected, naming the missing setting', () => {
  expect(() => addressesFrom({ FALKORDB_PORT: '6379' })).toThrow(ConfigError);
  expect(() => addressesFrom({ FALKORDB_PORT: '6379' })).toThrow(/neither VALKEY_HOST nor VALKEY_PORT/);
  expect(() => addressesFrom({ VALKEY_HOST: 'queue' })).toThrow(/neither FALKORDB_HOST nor FALKORDB_PORT/);
});

test.each(['http', '0', '65536', '6379.5'])('%s is not a valid port', (port) => {
  expect(() => addressesFrom({ FALKORDB_HOST: 'graph', VALKEY_PORT: port })).toThrow(`VALKEY_PORT is "${port}"`);
});
