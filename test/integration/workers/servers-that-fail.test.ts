import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Servers, startServers } from '../../../src/embedded/servers.ts';
import { SECOND } from '../../../src/time.ts';
import { environmentOf, runCommand, startCommand } from '../../support/command-line.ts';
import { useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

const stores = useStores();
let servers: Servers & { own: true };
let environment: Record<string, string>;
let worker: ReturnType<typeof startCommand>;
let said = '';

beforeEach(async () => {
  const started = await startServers({ env: {} });
  if (!started.own) throw new Error('this test needs servers of its own');
  servers = started;
  const { falkordb, valkey } = servers;
  environment = environmentOf({
    ...stores.config,
    falkordb: { host: falkordb.host, port: falkordb.port, tls: false },
    valkey: { host: valkey.host, port: valkey.port, tls: false },
    queuePrefix: `{${randomUUID()}}`,
  });
  said = '';
  worker = startCommand(['worker'], environment);
  worker.stderr?.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  await until('the worker', () => said.includes('is ready'));
});
afterEach(async () => {
  worker.kill('SIGKILL');
  await servers.stop();
});

const run = (...args: string[]) => runCommand(args, environment);

test.each(['falkordb', 'valkey'] as const)(
  'a worker outlives the end of %s and goes on when it is back',
  async (name) => {
    await run('store', 'Harbor uses Redis.');

    await servers[name].kill('SIGKILL');
    const away = await run('store', 'Harbor uses Valkey.', '--json', '--no-wait');
    await servers[name].restart();
    const kept = name === 'falkordb' ? away : await run('store', 'Harbor uses Valkey.', '--json', '--no-wait');

    const answer = await run('query', 'Harbor', '--limit', '9', '--after', JSON.parse(kept.stdout).uuid);
    expect(answer).toMatchObject({ status: 0, stderr: '', stdout: expect.stringContaining('Harbor uses Valkey') });
    expect(worker.exitCode).toBeNull();
  },
);

test('a worker that is told to end ends, with exit status 0', async () => {
  worker.kill('SIGTERM');

  await until('the end', () => worker.exitCode !== null);

  expect(worker.exitCode).toBe(0);
});

test('a worker whose job cannot end, because FalkorDB is frozen, ends all the same', async () => {
  await servers.falkordb.kill('SIGSTOP');
  await run('store', 'Harbor uses Redis.', '--no-wait');
  await until('the job', async () => JSON.parse((await run('status', '--json')).stdout).valkey.store.active === 1);
  const began = Date.now();

  worker.kill('SIGTERM');
  await until('the end', () => worker.exitCode !== null);

  expect(worker.exitCode).toBe(0);
  expect(Date.now() - began).toBeLessThan(12 * SECOND);
});
