import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { parseEndpoints, parseStoreUrl, storeLocation } from '../../src/store-address.ts';

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'memory-address-'));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const valkey = (environment: Record<string, string>) => loadConfig({ MEMORY_HOME: home, ...environment }).valkey;
const falkordb = (environment: Record<string, string>) => loadConfig({ MEMORY_HOME: home, ...environment }).falkordb;

describe('a store URL', () => {
  test.each([
    ['redis://valkey.example', { kind: 'single', nodes: [{ host: 'valkey.example', port: 6379 }], tls: false }],
    [
      'rediss://mira:p%40ss@[::1]:6400/0',
      { kind: 'single', nodes: [{ host: '::1', port: 6400 }], tls: true, username: 'mira', password: 'p@ss' },
    ],
    ['valkeys://:secret@one', { kind: 'single', tls: true, password: 'secret' }],
    [
      'redis+sentinel://one,two:26400/main',
      {
        kind: 'sentinel',
        nodes: [
          { host: 'one', port: 26_379 },
          { host: 'two', port: 26_400 },
        ],
        sentinelName: 'main',
      },
    ],
    ['rediss+cluster://one:7000,two:7001', { kind: 'cluster', tls: true, nodes: [{ port: 7000 }, { port: 7001 }] }],
  ])('%s', (url, parts) => {
    expect(parseStoreUrl(url)).toMatchObject(parts);
  });

  test.each([
    'http://one:6379',
    'redis://',
    'redis://one,two',
    'redis://one:0',
    'redis://one:70000',
    'redis://one/3',
    'redis://one?db=1',
    'redis+cluster://one/main',
    'redis+ring://one',
    'redis://a:%zz@one',
  ])('%s is rejected', (url) => {
    expect(parseStoreUrl(url)).toBeUndefined();
  });
});

test('nodes are a list of hosts with ports', () => {
  expect(parseEndpoints('one:7000, [::1]:7001')).toEqual([
    { host: 'one', port: 7000 },
    { host: '::1', port: 7001 },
  ]);
  for (const text of ['one', 'one:7000,', ':7000', 'one:two', 'a b:7000']) expect(parseEndpoints(text)).toBeUndefined();
});

describe('a store address', () => {
  test('is a single server by default', () => {
    expect(valkey({})).toEqual({ host: 'localhost', port: 6380, username: undefined, password: undefined, tls: false });
  });

  test('uses sentinels when the name of the primary is set, otherwise a cluster', () => {
    const nodes = { VALKEY_NODES: 'one:7000,two:7001' };

    expect(valkey(nodes)).toMatchObject({ host: 'one', port: 7000, topology: { kind: 'cluster', nodes: [{}, {}] } });
    expect(valkey({ ...nodes, VALKEY_SENTINEL_NAME: 'main', VALKEY_SENTINEL_PASSWORD: 'x' }).topology).toEqual({
      kind: 'sentinel',
      name: 'main',
      username: undefined,
      password: 'x',
      nodes: [
        { host: 'one', port: 7000 },
        { host: 'two', port: 7001 },
      ],
    });
    expect(storeLocation(valkey(nodes))).toBe('the cluster one:7000, two:7001');
  });

  test('takes user and password from the URL before the other settings', () => {
    const others = { VALKEY_USERNAME: 'other', VALKEY_PASSWORD: 'other' };

    expect(valkey({ ...others, VALKEY_URL: 'redis://mira:secret@one' })).toMatchObject({
      username: 'mira',
      password: 'secret',
    });
    expect(valkey({ ...others, VALKEY_URL: 'redis://one' })).toMatchObject({ username: 'other', password: 'other' });
  });

  test('uses no password of a running `up`, whose servers are different', () => {
    writeFileSync(
      join(home, 'running.json'),
      '{"settings": {"VALKEY_HOST": "127.0.0.1", "VALKEY_PORT": "7001", "VALKEY_PASSWORD": "noted"}}',
    );

    expect(valkey({ VALKEY_URL: 'redis://one' }).password).toBeUndefined();
    expect(valkey({ VALKEY_NODES: 'one:7000' }).password).toBeUndefined();
    expect(valkey({}).password).toBe('noted');
    rmSync(join(home, 'running.json'));
  });

  test('reads the TLS files, which also switch TLS on', () => {
    const file = join(home, 'some.pem');
    writeFileSync(file, 'PEM');

    expect(
      valkey({ VALKEY_TLS_CA: file, VALKEY_TLS_CERT: file, VALKEY_TLS_KEY: file, VALKEY_TLS_SERVERNAME: 'valkey' }),
    ).toMatchObject({ tls: true, certificates: { ca: 'PEM', cert: 'PEM', key: 'PEM', servername: 'valkey' } });
  });

  test.each([
    [{ VALKEY_URL: 'redis://one', VALKEY_NODES: 'one:7000' }, /^VALKEY_URL and VALKEY_NODES are both set; set one/],
    [{ VALKEY_URL: 'redis://one', VALKEY_HOST: 'two' }, /^VALKEY_URL and VALKEY_HOST are both set; set one/],
    [{ VALKEY_NODES: 'one:7000', VALKEY_PORT: '7001' }, /^VALKEY_NODES and VALKEY_PORT are both set; set one/],
    [{ FALKORDB_URL: 'redis://one', FALKORDB_PORT: '7001' }, /^FALKORDB_URL and FALKORDB_PORT are both set; set one/],
    [
      { FALKORDB_NODES: 'one:7000', FALKORDB_SENTINEL_NAME: 'main', FALKORDB_HOST: 'two' },
      /^FALKORDB_NODES and FALKORDB_HOST are both set; set one/,
    ],
    [
      { VALKEY_URL: 'redis://mira:secret@one/main' },
      /^VALKEY_URL is "…", which cannot be used: it must be like redis:/,
    ],
    [{ VALKEY_NODES: 'one' }, /^VALKEY_NODES is "one", which cannot be used: it must be like one:7000,two:7000/],
    [
      { VALKEY_SENTINEL_NAME: 'main' },
      /^VALKEY_SENTINEL_NAME is set, but not where the sentinels are; set VALKEY_NODES/,
    ],
    [
      { VALKEY_URL: 'redis+sentinel://one' },
      /^VALKEY_URL names sentinels, but not what they watch; .*VALKEY_SENTINEL_NAME\.$/,
    ],
    [
      { FALKORDB_NODES: 'one:7000' },
      /^FalkorDB is used as one server or behind sentinels, not as a cluster; set FALKORDB_S/,
    ],
    [{ VALKEY_TLS_CERT: '/nowhere.pem' }, /^VALKEY_TLS_CERT and VALKEY_TLS_KEY belong together/],
    [{ VALKEY_TLS_CA: '/nowhere.pem' }, /^VALKEY_TLS_CA is "\/nowhere\.pem", which cannot be read \(ENOENT\)\.$/],
    [
      { VALKEY_NODES: 'one:7000', MEMORY_QUEUE_PREFIX: 'memory' },
      /^MEMORY_QUEUE_PREFIX is "memory", which cannot be used with a cluster: it needs braces, like \{memory\}/,
    ],
  ])('from %o is rejected', (environment, sentence) => {
    expect(() => loadConfig({ MEMORY_HOME: home, ...(environment as Record<string, string>) })).toThrow(sentence);
  });

  test('of FalkorDB may use sentinels', () => {
    expect(falkordb({ FALKORDB_URL: 'redis+sentinel://one:26379/graphs' }).topology).toMatchObject({ name: 'graphs' });
  });
});
