import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, test } from 'vitest';
import type { Config } from '../../../src/config.ts';
import { type Server, startFalkorDB, startValkey } from '../../../src/embedded/servers.ts';
import { startWorkers } from '../../../workers/main.ts';
import { measureReadiness } from '../../../workers/readiness.ts';
import { startConfigured } from '../../support/configured-server.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

const stores = useStores();
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const READY = 'Valkey and FalkorDB accept writes.';

/** Waits until the stores are judged like this: a machine that is busy may first see a server as silent. */
async function becomes(config: Config, message: string | RegExp): Promise<void> {
  const isExpected = (given: string) => (typeof message === 'string' ? given === message : message.test(given));
  const { isReady } = await until(`${message}`, async () => {
    const readiness = await measureReadiness(config);
    return isExpected(readiness.message) && readiness;
  });
  expect(isReady).toBe(message === READY);
}

function admin({ host, port }: { host: string; port: number }): Redis {
  const connection = new Redis({ host, port, enableReadyCheck: false });
  connection.on('error', () => {});
  closers.push(() => connection.disconnect());
  return connection;
}

/** A server of the test's own in the place of one of the two. */
async function replaced(name: 'valkey' | 'falkordb') {
  const server: Server = await (name === 'valkey' ? startValkey() : startFalkorDB());
  closers.push(() => server.stop());
  const config: Config = { ...stores.config, [name]: { host: server.host, port: server.port, tls: false } };
  return { server, config };
}

describe.each([
  ['valkey', 'Valkey'],
  ['falkordb', 'FalkorDB'],
] as const)('a worker is not ready while %s', (name, product) => {
  test('is a replica, even one that accepts writes', async () => {
    const { server, config } = await replaced(name);
    const connection = admin(server);
    await becomes(config, READY);

    await connection.call('REPLICAOF', stores.config[name].host, String(stores.config[name].port));

    const setting = `${product.toUpperCase()}_HOST and ${product.toUpperCase()}_PORT`;
    const replica = `${product} at ${server.host}:${server.port} is a replica and accepts no writes; set ${setting} to its primary.`;
    await becomes(config, replica);
    await connection.config('SET', 'replica-read-only', 'no');
    await becomes(config, replica);
    await connection.call('REPLICAOF', 'NO', 'ONE');
    await becomes(config, READY);
  });

  test('is frozen or down', async () => {
    const { server, config } = await replaced(name);
    const silent = new RegExp(`^${product} at \\S+ does not answer; [^;]*$`);

    await server.kill('SIGSTOP');
    await becomes(config, silent);
    await server.kill('SIGCONT');
    await becomes(config, READY);
    await server.kill('SIGKILL');
    await becomes(config, silent);
    await server.restart();
    await becomes(config, READY);
  });

  test('refuses writes, and names the reason', async () => {
    const { server, config } = await replaced(name);
    const connection = admin(server);

    await connection.config('SET', 'min-replicas-to-write', '1');
    await becomes(
      config,
      `${product} at ${server.host}:${server.port} has fewer good replicas than its min-replicas-to-write demands, so it accepts no writes.`,
    );
    await connection.config('SET', 'min-replicas-to-write', '0');
    await connection.config('SET', 'maxmemory', '1');
    await becomes(config, new RegExp(`^${product} at \\S+ is out of memory and accepts no more data; `));
  });
});

test('a worker is not ready while a server loads its data', async () => {
  const server = await startConfigured(['enable-debug-command yes', 'loading-process-events-interval-bytes 1024']);
  closers.push(() => server.stop());
  const connection = admin(server);
  const config = { ...stores.config, valkey: { host: server.host, port: server.port, tls: false } };
  // While it loads, a server takes commands after every 1,024 bytes, here after each key.
  const value = () => randomBytes(2000).toString('hex');
  await connection.mset(Object.fromEntries(Array.from({ length: 3000 }, (_, index) => [`key-${index}`, value()])));
  // Microseconds for each key, until the delay is removed.
  await connection.config('SET', 'key-load-delay', '20000');
  const loaded = connection.call('DEBUG', 'RELOAD');

  await becomes(config, `Valkey at ${server.host}:${server.port} is loading its data.`);
  await admin(server).config('SET', 'key-load-delay', '0');
  await loaded;
  await becomes(config, READY);
});

test('both servers are named if neither is ready', async () => {
  const nowhere = { host: '127.0.0.1', port: 1, tls: false };

  const { message } = await measureReadiness({ ...stores.config, valkey: nowhere, falkordb: nowhere });

  expect(message).toMatch(/^Valkey at 127\.0\.0\.1:1 does not answer; .* FalkorDB at 127\.0\.0\.1:1 does not answer; /);
});

test('the readiness check writes nothing, and needs no more rights than a worker', async () => {
  const page = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
  const lines = [...page.matchAll(/^ACL SETUSER memory on >password (.+)$/gm)].map(([, rules = '']) =>
    rules.split(' '),
  );
  const config = { ...stores.config };
  for (const [index, name] of (['valkey', 'falkordb'] as const).entries()) {
    const username = `ready-${newGroup()}`;
    await admin(stores.config[name]).call('ACL', 'SETUSER', username, 'on', '>secret', ...(lines[index] ?? []));
    config[name] = { ...stores.config[name], username, password: 'secret' };
  }
  const keys = async () => [
    await admin(stores.config.valkey).keys('*ready*'),
    await admin(stores.config.falkordb).keys('*ready*'),
  ];

  await becomes(config, READY);
  expect(await keys()).toEqual([[], []]);
});

test('/ready returns 200 or 503 with a sentence, while /live stays 200', async () => {
  const { server, config } = await replaced('valkey');
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  closers.push(() => taken.close());
  const notices: string[] = [];
  const { port } = taken.address() as { port: number };
  const worker = await startWorkers(
    { ...config, queuePrefix: `{${newGroup()}}`, health: { host: '127.0.0.1', port } },
    ['export'],
    { onNotice: (sentence) => notices.push(sentence) },
  );
  closers.push(() => worker.close());
  const [, address = ''] =
    /answer at (\S+)\.$/.exec(notices.find((sentence) => sentence.startsWith('Port ')) ?? '') ?? [];
  const get = async (path: string) => {
    const response = await fetch(address + path);
    return { status: response.status, text: await response.text() };
  };
  await until('ready', async () => isDeepStrictEqual(await get('/ready'), { status: 200, text: `${READY}\n` }));

  await admin(server).call('REPLICAOF', stores.config.valkey.host, String(stores.config.valkey.port));

  expect(await get('/ready')).toEqual({
    status: 503,
    text: expect.stringMatching(/^Valkey at .* is a replica .*\.\n$/),
  });
  expect(await get('/live')).toMatchObject({ status: 200 });
});
