import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { type ServerAddress, startFalkorDB, startServers, startValkey } from '../../../src/embedded/servers.ts';
import { ConfigError, StoreUnreachableError } from '../../../src/errors.ts';
import { isRunning } from './processes.ts';

const env = { ...process.env, FALKORDB_HOST: '', FALKORDB_PORT: '', VALKEY_HOST: '', VALKEY_PORT: '' };

function connectTo({ host, port }: ServerAddress, password?: string): Redis {
  const client = new Redis({ host, port, password, retryStrategy: () => 20 });
  client.on('error', () => {});
  onTestFinished(() => client.disconnect());
  return client;
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'embedded-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function ownServers() {
  const servers = await startServers({ env });
  if (!servers.own) throw new Error('the environment names servers');
  onTestFinished(() => servers.stop());
  return servers;
}

test('both servers start on free ports and answer', async () => {
  const { valkey, falkordb } = await ownServers();

  expect(await connectTo(valkey).set('key', 'value')).toBe('OK');
  const [header, rows] = (await connectTo(falkordb).call('GRAPH.QUERY', 'g', 'RETURN 1 AS one')) as unknown[][];
  expect(header).toEqual(['one']);
  expect(rows).toEqual([[1]]);
  expect(valkey.port).not.toBe(falkordb.port);
});

test('servers persist data, evict nothing, and do not cut queries short', async () => {
  const { valkey, falkordb } = await ownServers();
  const setting = async (client: Redis, name: string) => ((await client.config('GET', name)) as string[])[1];

  for (const client of [connectTo(valkey), connectTo(falkordb)]) {
    expect(await setting(client, 'appendonly')).toBe('yes');
    expect(await setting(client, 'appendfsync')).toBe('everysec');
    expect(await setting(client, 'maxmemory-policy')).toBe('noeviction');
    expect(await setting(client, 'bind')).toBe('127.0.0.1');
  }
  const graph = connectTo(falkordb);
  expect(await graph.call('GRAPH.CONFIG', 'GET', 'TIMEOUT_DEFAULT')).toEqual(['TIMEOUT_DEFAULT', 0]);
});

test('data survives kill -9 and a restart on the same port', async () => {
  const { valkey, falkordb } = await ownServers();
  const queue = connectTo(valkey);
  const graph = connectTo(falkordb);
  await queue.set('key', 'value');
  await graph.call('GRAPH.QUERY', 'g', "CREATE (:Person {name: 'Ada'})");
  const before = { port: falkordb.port, pid: falkordb.pid };

  await Promise.all([valkey.kill('SIGKILL'), falkordb.kill('SIGKILL')]);
  await Promise.all([valkey.restart(), falkordb.restart()]);

  expect(falkordb.port).toBe(before.port);
  expect(falkordb.pid).not.toBe(before.pid);
  expect(await queue.get('key')).toBe('value');
  const [, rows] = (await graph.call('GRAPH.QUERY', 'g', 'MATCH (n:Person) RETURN n.name')) as unknown[][];
  expect(rows).toEqual([['Ada']]);
});

test('servers started at the same time get different ports', async () => {
  const servers = await Promise.all(Array.from({ length: 6 }, () => startValkey()));
  onTestFinished(async () => void (await Promise.all(servers.map((server) => server.stop()))));

  await Promise.all(servers.map((server, index) => connectTo(server).set('index', index)));
  const kept = await Promise.all(servers.map((server) => connectTo(server).get('index')));
  expect(kept).toEqual(['0', '1', '2', '3', '4', '5']);
});

test('a requested port that is taken is reported in one sentence', async () => {
  const taker = createServer();
  await new Promise<void>((resolve) => taker.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void taker.close());
  const { port } = taker.address() as { port: number };

  const failure = await startValkey({ port }).catch((error) => error);

  expect(failure).toBeInstanceOf(ConfigError);
  expect(failure.message).toBe(
    `Valkey cannot use port ${port} of 127.0.0.1, because another process does; give another port or 0.`,
  );
});

test('a port taken by another Valkey is not mistaken for ours', async () => {
  const other = await startValkey();
  onTestFinished(() => other.stop());

  await expect(startValkey({ port: other.port })).rejects.toThrow(`cannot use port ${other.port}`);
});

test('a second server on a folder in use is refused', async () => {
  const dataFolder = await temporaryFolder();
  const first = await startValkey({ dataFolder });
  onTestFinished(() => first.stop());

  await expect(startValkey({ dataFolder })).rejects.toThrow(`process id ${first.pid} already uses`);
});

test('a stop leaves only the given data folder behind', async () => {
  const dataFolder = await temporaryFolder();
  const kept = await startValkey({ dataFolder });
  const temporary = await startFalkorDB();
  await connectTo(kept).set('key', 'value');

  await Promise.all([kept.stop(), temporary.stop()]);

  expect(await isRunning(kept.pid)).toBe(false);
  expect(await isRunning(temporary.pid)).toBe(false);
  expect(existsSync(temporary.dataFolder)).toBe(false);
  const again = await startValkey({ dataFolder });
  onTestFinished(() => again.stop());
  expect(await connectTo(again).get('key')).toBe('value');
});

test('a frozen server can be stopped', async () => {
  const server = await startValkey();
  await server.kill('SIGSTOP');

  await server.stop();

  expect(await isRunning(server.pid)).toBe(false);
});

test('with a password, a server answers only clients that send it', async () => {
  const server = await startValkey({ password: 'open "sesame"' });
  onTestFinished(() => server.stop());

  expect(await connectTo(server, 'open "sesame"').ping()).toBe('PONG');
  await expect(connectTo(server).ping()).rejects.toThrow('NOAUTH');
});

test("a module that cannot be loaded is reported with the server's reason", async () => {
  const dataFolder = await temporaryFolder();
  const { findBinaries } = await import('../../../src/embedded/binaries.ts');
  const binaries = { ...(await findBinaries()), module: '/nowhere/falkordb.so' };

  const failure = await startFalkorDB({ dataFolder, binaries }).catch((error) => error);

  expect(failure).toBeInstanceOf(StoreUnreachableError);
  expect(failure.message).toMatch(/^FalkorDB did not start .*falkordb\.so.*No such file/);
});

test('servers named in the environment are left alone', async () => {
  const servers = await startServers({ env: { FALKORDB_HOST: 'graph', VALKEY_HOST: 'queue', VALKEY_PORT: '7000' } });

  await servers.stop();

  expect(servers).toMatchObject({
    own: false,
    falkordb: { host: 'graph', port: 6379 },
    valkey: { host: 'queue', port: 7000 },
  });
});
