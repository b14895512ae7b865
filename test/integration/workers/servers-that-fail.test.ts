import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Servers, startServers } from '../../../src/embedded/servers.ts';
import { SECOND } from '../../../src/time.ts';
import { environmentOf, runCommand, startCommand } from '../../support/command-line.ts';
import { useStores } from '../../support/stores.ts';
import { until, watchFor } from '../../support/wait.ts';

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
  environment.MEMORY_TAKEOVER_SECONDS = '5';
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
const linesOf = (text: string, words: string) => text.split('\n').filter((line) => line.includes(words));

test.each(['falkordb', 'valkey'] as const)(
  'a worker survives the death of %s and continues when it is back',
  async (name) => {
    await run('store', 'Harbor uses Redis.');

    await servers[name].kill('SIGKILL');
    const away = await run('store', 'Harbor uses Valkey.', '--json', '--no-wait');
    await servers[name].restart();
    const kept = name === 'falkordb' ? away : await run('store', 'Harbor uses Valkey.', '--json', '--no-wait');

    // Hands in what waits on disk, since Valkey was slow to accept it.
    await run('status');

    const answer = await run('query', 'Harbor', '--limit', '9', '--after', JSON.parse(kept.stdout).uuid);
    expect(answer).toMatchObject({ status: 0, stderr: '', stdout: expect.stringContaining('Harbor uses Valkey') });
    expect(worker.exitCode).toBeNull();
  },
);

describe('a Valkey that refuses commands', () => {
  let admin: Redis;
  const refusals = async (code: string) =>
    Number(new RegExp(`errorstat_${code}:count=(\\d+)`).exec(await admin.info('errorstats'))?.[1] ?? 0);
  const done = () => admin.zcard(`${environment.MEMORY_QUEUE_PREFIX}:store:completed`);
  beforeEach(() => {
    admin = new Redis({ host: servers.valkey.host, port: servers.valkey.port });
    admin.on('error', () => {});
  });
  afterEach(() => admin.disconnect());

  test('because it is out of memory is retried now and then and reported once; all work continues when it has room', async () => {
    const texts = Array.from({ length: 100 }, (_, index) => JSON.stringify({ content: `Harbor uses Part${index}.` }));
    // Jobs that are under way and cannot end before Valkey has no room for their end.
    await servers.falkordb.kill('SIGSTOP');
    await runCommand(['store-many', '-', '--no-wait'], environment, texts.join('\n'));
    await until('the first', async () => (await admin.llen(`${environment.MEMORY_QUEUE_PREFIX}:store:active`)) > 0);
    await admin.config('SET', 'maxmemory', '1mb');
    await servers.falkordb.kill('SIGCONT');
    await until('the sentence', () => said.includes('is out of memory'));
    const [before, began] = [await refusals('OOM'), performance.now()];

    await watchFor(3 * SECOND);
    const refused = (await refusals('OOM')) - before;
    const seconds = (performance.now() - began) / SECOND;
    await admin.config('SET', 'maxmemory', '0');
    await until('all', async () => (await done()) === texts.length);
    const { valkey } = JSON.parse((await run('status', '--json')).stdout);

    // Thousands where the worker asks again at once.
    expect(refused).toBeLessThan(70 * seconds);
    expect(valkey.store).toMatchObject({ failed: 0 });
    expect(said).toMatch(/"Valkey at \S+ is out of memory and accepts no more data; raise its maxmemory\."/);
    expect(linesOf(said, 'out of memory').length).toBeLessThan(5);
    expect(said).not.toContain('unexpected failure');
  });

  test('because its password changed is reported in one sentence, and used again when the password is right', async () => {
    await admin.config('SET', 'requirepass', 'another');
    await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await until('the sentence', () => said.includes('refused the user or the password; check VALKEY_USERNAME'));
    await admin.config('SET', 'requirepass', '');
    const stored = await storedAtLast('Harbor uses Valkey.');

    expect(said).not.toContain('unexpected failure');
    expect(linesOf(said, 'refused the user').length).toBeLessThan(5);
    expect(stored).toMatchObject({ committed: true });
  });

  test('because it is down is reported once per outage', async () => {
    for (const times of [1, 2]) {
      await servers.valkey.kill('SIGKILL');
      await until('the sentence', () => linesOf(said, 'does not answer').length === times);
      await servers.valkey.restart();
      expect(await storedAtLast(`Harbor uses Part${times}.`)).toMatchObject({ committed: true });
    }

    expect(said).not.toContain('unexpected failure');
    expect(linesOf(said, 'does not answer')).toHaveLength(2);
  });
});

/** The worker may be about to connect again, which `store` would take for none without a limit of its own. */
async function storedAtLast(content: string): Promise<unknown> {
  return JSON.parse((await run('store', content, '--json', '--timeout', '120')).stdout);
}

test('a worker that is asked to stop exits with status 0', async () => {
  worker.kill('SIGTERM');

  await until('the end', () => worker.exitCode !== null);

  expect(worker.exitCode).toBe(0);
});

test('a worker whose job cannot end, because FalkorDB is frozen, still exits', async () => {
  await servers.falkordb.kill('SIGSTOP');
  await run('store', 'Harbor uses Redis.', '--no-wait');
  await until('the job', async () => JSON.parse((await run('status', '--json')).stdout).valkey.store.active === 1);

  worker.kill('SIGTERM');
  await until('the end', () => worker.exitCode !== null);

  expect(worker.exitCode).toBe(0);
});
