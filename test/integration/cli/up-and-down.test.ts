import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failure, runCommand, startCommand } from '../../support/command-line.ts';
import { until } from '../../support/wait.ts';
import { allEnded } from '../embedded/processes.ts';

let home: string;
const run = (...args: string[]) => runCommand(args, { MEMORY_HOME: home });
const note = () => readFile(join(home, 'running.json'), 'utf8').then((text) => JSON.parse(text));
const pids = async (): Promise<number[]> =>
  Object.values(JSON.parse(await readFile(join(home, 'running.json'), 'utf8')).pids as Record<string, number>);

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'memory-home-'));
});
afterAll(async () => {
  await run('down');
  await rm(home, { recursive: true, force: true });
});

describe('up and down', () => {
  test('the memory is up in one command, found by the others, and keeps its data over a down', async () => {
    const up = await run('up');
    const started = await pids();
    const stored = await run('store', 'Harbor keeps its sessions in Valkey.');
    const answer = await run('query', 'Where does Harbor keep its sessions?');
    const down = await run('down');

    expect(up).toMatchObject({ status: 0, stderr: '', stdout: expect.stringMatching(/^Running:\n {2}Valkey {4}127/) });
    expect(stored).toMatchObject({ status: 0, stderr: '' });
    expect(answer.stdout).toMatch(/^- .*Harbor.*Valkey/);
    expect(down).toMatchObject({ status: 0, stdout: `Stopped. The data stay in ${home}.\n` });
    expect(started).toHaveLength(3);
    expect(await allEnded(started)).toBe(true);

    await run('up');
    expect((await run('query', 'Where does Harbor keep its sessions?', '--no-cache')).stdout).toBe(answer.stdout);
  });

  test('a second up starts nothing', async () => {
    const before = await pids();

    const up = await run('up');

    expect(up.stdout).toMatch(/^Already running:/);
    expect(await pids()).toEqual(before);
  });

  test('up after everything was killed starts again with the same data', async () => {
    for (const pid of await pids()) process.kill(pid, 'SIGKILL');

    const up = await run('up');

    expect(up).toMatchObject({ status: 0, stderr: '' });
    expect((await run('query', 'Where does Harbor keep its sessions?')).stdout).toMatch(/^- .*Harbor.*Valkey/);
  });

  test('a second up tells of a server that is frozen what to do', async () => {
    const { falkordb } = (await note()).pids;
    process.kill(falkordb, 'SIGSTOP');

    const up = await run('up');
    process.kill(falkordb, 'SIGCONT');

    expect(up).toMatchObject(
      failure(/^Already running, but FalkorDB does not answer: `memory-manager down`, then `up`\.\n$/),
    );
  });

  test('up after only a server was killed brings it back where it was', async () => {
    const before = await note();
    process.kill(before.pids.falkordb, 'SIGKILL');

    await run('up');

    expect((await note()).settings).toEqual(before.settings);
    expect((await run('query', 'Where does Harbor keep its sessions?', '--no-cache')).stdout).toMatch(/^- .*Harbor/);
  });

  test('up after only the worker was killed leaves the servers where they are', async () => {
    const before = await note();
    process.kill(before.pids.worker, 'SIGKILL');

    const up = await run('up');

    const after = await note();
    expect(up).toMatchObject({ status: 0, stderr: '', stdout: expect.stringMatching(/^Running:/) });
    expect(after.settings).toEqual(before.settings);
    expect(after.pids).toEqual({ ...before.pids, worker: expect.any(Number) });
    expect(after.pids.worker).not.toBe(before.pids.worker);
    expect(await run('store', 'Harbor uses Valkey.', '--timeout', '120')).toMatchObject({ status: 0, stderr: '' });
  });

  test('up takes other ports where somebody else has taken those that a dead server had', async () => {
    const before = await note();
    process.kill(before.pids.valkey, 'SIGKILL');
    const other = createServer();
    await until('the port', async () => {
      other.listen(Number(before.settings.VALKEY_PORT), '127.0.0.1');
      return Promise.race([once(other, 'listening').then(() => true), once(other, 'error').then(() => false)]);
    });

    const up = await run('up');
    other.close();

    expect(up).toMatchObject({ status: 0, stderr: '' });
    expect((await note()).settings.VALKEY_PORT).not.toBe(before.settings.VALKEY_PORT);
    expect((await run('query', 'Where does Harbor keep its sessions?', '--no-cache')).stdout).toMatch(/^- .*Harbor/);
  });

  test('the settings of what runs are shown as such', async () => {
    const settings = JSON.parse((await run('config', '--json')).stdout);

    expect(settings.VALKEY_PORT.origin).toBe('running');
    expect(settings.MEMORY_MODELS).toMatchObject({ value: 'local', origin: 'running' });
  });

  test('down leaves nothing running, and a second one says that nothing was', async () => {
    const started = await pids();

    await run('down');

    expect(await allEnded(started)).toBe(true);
    expect(await run('down')).toMatchObject({ status: 0, stdout: 'Nothing was running.\n', stderr: '' });
  });

  test.each(['SIGINT', 'SIGTERM'] as const)(
    'an up that gets %s in the middle leaves nothing running',
    async (signal) => {
      const up = startCommand(['up'], { MEMORY_HOME: home });
      await until('a note of the servers', () =>
        pids().then(
          (found) => found.length >= 2,
          () => false,
        ),
      );
      const started = await pids();

      up.kill(signal);

      expect(await once(up, 'close')).toEqual([1, null]);
      expect(await allEnded(started)).toBe(true);
      expect((await run('down')).stdout).toBe('Nothing was running.\n');
    },
  );

  test('what an up started that was killed in the middle is found by down', async () => {
    const up = startCommand(['up'], { MEMORY_HOME: home });
    await until('a note of the servers', () =>
      pids().then(
        (found) => found.length >= 2,
        () => false,
      ),
    );
    up.kill('SIGKILL');
    await once(up, 'close');
    const started = await pids();

    await run('down');

    expect(await allEnded(started)).toBe(true);
  });

  test('a note of which only half was written is as good as none', async () => {
    await writeFile(join(home, 'running.json'), '{"settings": {"VALKEY_PORT"');

    expect((await run('config', '--json')).status).toBe(0);
    expect(await run('down')).toMatchObject({ status: 0, stdout: 'Nothing was running.\n' });
  });
});
