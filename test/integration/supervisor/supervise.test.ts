import { once } from 'node:events';
import { appendFile, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { MAX_LOG_BYTES } from '../../../src/supervisor/logs.ts';
import { MAX_RESTARTS } from '../../../src/supervisor/restart-policy.ts';
import { runCommand, startCommand } from '../../support/command-line.ts';
import { HANGING_WORKER } from '../../support/hanging-worker.ts';
import { until } from '../../support/wait.ts';
import { allEnded, isRunning } from '../embedded/processes.ts';

let home: string;
const run = (...args: string[]) => runCommand(args, { MEMORY_HOME: home, MEMORY_HEALTH_PORT: '0' });
const note = async (): Promise<{
  settings: Record<string, string>;
  pids: Record<'worker' | 'valkey' | 'falkordb' | 'supervisor', number>;
  failures: Record<string, { count: number; reason: string; gaveUp: boolean }>;
}> => JSON.parse(await readFile(join(home, 'running.json'), 'utf8'));

/** The ids of all running processes of this home that work in a folder of a server. */
async function serversIn(folder: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => ({ pid, folder: await readlink(`/proc/${pid}/cwd`).catch(() => '') })),
  );
  return found.filter((process) => process.folder === join(home, folder)).map(({ pid }) => pid);
}

const workers = async () => JSON.parse((await run('status', '--json')).stdout).valkey.workers as number;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'memory-supervised-'));
  expect(await run('up')).toMatchObject({ status: 0 });
  await run('store', 'Harbor keeps its sessions in Valkey.');
});
afterAll(async () => {
  await run('down');
  await rm(home, { recursive: true, force: true });
});

describe('up restarts what dies:', () => {
  test.each(['worker', 'valkey', 'falkordb'] as const)('%s, with its data and at its address', async (part) => {
    const before = await note();

    process.kill(before.pids[part], 'SIGKILL');

    await until('the restart', async () => {
      const { pids } = await note();
      return pids[part] !== before.pids[part] && (await isRunning(pids[part]));
    });
    const after = await note();
    expect(after.settings).toEqual(before.settings);
    expect(after.pids).toEqual({ ...before.pids, [part]: after.pids[part] });
    await until('a worker', async () => (await workers()) > 0);
    expect((await run('query', 'Where does Harbor keep its sessions?', '--no-cache')).stdout).toMatch(/^- .*Harbor/);
    if (part !== 'worker') expect(await serversIn(part)).toEqual([String(after.pids[part])]);
  });

  test('worker and both servers at once', async () => {
    const { worker, valkey, falkordb, supervisor } = (await note()).pids;

    for (const pid of [worker, valkey, falkordb]) process.kill(pid, 'SIGKILL');

    await until('new processes', async () => {
      const { pids } = await note();
      const fresh = [pids.worker, pids.valkey, pids.falkordb];
      return ![worker, valkey, falkordb].some((pid) => fresh.includes(pid));
    });
    await until('a worker', async () => (await workers()) > 0);
    expect((await note()).pids.supervisor).toBe(supervisor);
  });

  test('and status and doctor say what died and why', async () => {
    const [status, doctor] = [await run('status'), await run('doctor')];

    expect(status).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^Restarts Valkey failed .* ago .*and was restarted: its process ended/m),
    });
    expect(doctor.stdout).toMatch(/^warning +restarts +worker failed .* and was restarted/m);
  });
});

describe('a deliberate stop is not treated as a crash:', () => {
  test('a killed supervisor leaves the others running, and the next up starts a new supervisor', async () => {
    const { supervisor, ...others } = (await note()).pids;
    process.kill(supervisor, 'SIGKILL');
    await allEnded([supervisor]);

    const [status, doctor, up] = [await run('status'), await run('doctor'), await run('up')];

    expect(status.stdout).toContain(
      'Restarts Processes that die are not restarted, because the supervisor is not running; `memory',
    );
    expect(doctor.stdout).toMatch(/^warning +restarts +Processes that die are not restarted/m);
    expect(up).toMatchObject({ status: 0, stdout: expect.stringMatching(/^Already running:/) });
    const after = (await note()).pids;
    expect(after).toEqual({ ...others, supervisor: after.supervisor });
    expect(after.supervisor).not.toBe(supervisor);
    expect(await isRunning(after.supervisor)).toBe(true);
  });

  test('a signal to the supervisor ends only the supervisor', async () => {
    const { supervisor, ...others } = (await note()).pids;

    process.kill(supervisor, 'SIGTERM');

    await allEnded([supervisor]);
    expect(await Promise.all(Object.values(others).map(isRunning))).toEqual([true, true, true]);
    await run('up');
  });

  test('down ends everything, the supervisor included, and nothing is restarted', async () => {
    const pids = Object.values((await note()).pids);

    const down = await run('down');

    expect(down.stdout).toMatch(/^Stopped/);
    expect(await allEnded(pids)).toBe(true);
    expect(await readdir(home)).not.toContain('running.json');
    expect([...(await serversIn('valkey')), ...(await serversIn('falkordb'))]).toEqual([]);
    await run('up');
  });

  test('many kills, ups and downs at once leave one memory or none, never two servers on a folder', async () => {
    const { worker, valkey, falkordb } = (await note()).pids;
    for (const pid of [worker, valkey, falkordb]) process.kill(pid, 'SIGKILL');

    const ended = await Promise.all([run('up'), run('down'), run('up')]);

    expect(ended.map(({ status, stderr }) => ({ status, stderr }))).toEqual(Array(3).fill({ status: 0, stderr: '' }));
    expect((await serversIn('valkey')).length).toBeLessThanOrEqual(1);
    expect((await serversIn('falkordb')).length).toBeLessThanOrEqual(1);
    await run('up');
    expect((await run('query', 'Where does Harbor keep its sessions?', '--no-cache')).stdout).toMatch(/^- .*Harbor/);
  });

  test('a supervisor killed while it starts a server leaves a server that the next up finds', async () => {
    const before = (await note()).pids;
    process.kill(before.valkey, 'SIGKILL');
    await until('a new server', async () => {
      const [pid] = await serversIn('valkey');
      return pid !== undefined && pid !== String(before.valkey);
    });
    process.kill(before.supervisor, 'SIGKILL');
    await allEnded([before.supervisor]);

    const up = await run('up');

    expect(up).toMatchObject({
      status: 0,
      stderr: '',
      stdout: expect.stringMatching(/\nSee it: memory-manager ui --open\n$/),
    });
    expect(await serversIn('valkey')).toEqual([String((await note()).pids.valkey)]);
  });
});

describe('a limit', () => {
  test('on size turns a large log into the older log', async () => {
    const log = join(home, 'worker.log');
    await appendFile(log, `${'x'.repeat(MAX_LOG_BYTES)}\n`);

    await until('a small log', async () => (await stat(log)).size < MAX_LOG_BYTES);

    expect((await stat(`${log}.1`)).size).toBeGreaterThan(MAX_LOG_BYTES);
    expect((await stat(`${log}.1`)).mode & 0o077).toBe(0);
  });

  test('on restarts gives up a server that cannot start, with a reason; the worker waits; up tries again', async () => {
    // A file of its data that it cannot read.
    const manifest = join(home, 'falkordb', 'appendonlydir', 'appendonly.aof.manifest');
    const whole = await readFile(manifest, 'utf8');
    await writeFile(manifest, 'file nonsense\n');
    const { falkordb, worker, valkey } = (await note()).pids;

    for (const pid of [falkordb, worker]) process.kill(pid, 'SIGKILL');

    const { failures } = await until('the end of trying', async () => {
      const now = await note();
      return now.failures.falkordb?.gaveUp && now;
    });
    const [status, doctor] = [await run('status'), await run('doctor')];
    expect(failures.falkordb?.count).toBe(MAX_RESTARTS + 1);
    // Killed by us, but not started in vain without its servers.
    expect(failures.worker?.gaveUp ?? false).toBe(false);
    expect(status.stdout).toMatch(
      /^Restarts FalkorDB is not restarted any more, since it failed 6 times in a row, .*manifest.*run `memory-manager up`\.$/m,
    );
    expect(doctor).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(/^problem +restarts +FalkorDB is not restarted any more.*manifest/m),
    });
    expect(await isRunning(valkey)).toBe(true);

    await writeFile(manifest, whole);
    expect(await run('up')).toMatchObject({ status: 0, stderr: '' });
    expect((await note()).failures).toEqual({});
    expect((await run('query', 'Where does Harbor keep its sessions?', '--no-cache')).stdout).toMatch(/^- .*Harbor/);
  });

  test('on restarts gives up a worker that dies at once each time, with the last lines of its log', async () => {
    const types = join(home, 'memory.config.ts');
    await writeFile(types, "export default { instructions: 'x' };");
    const environment = { MEMORY_HOME: home, MEMORY_HEALTH_PORT: '0' };
    await run('down');
    expect(await runCommand(['up'], { ...environment, MEMORY_CONFIG: types })).toMatchObject({ status: 0 });
    await writeFile(types, "throw new Error('broken on purpose');");

    process.kill((await note()).pids.worker, 'SIGKILL');

    const { failures } = await until('the end of trying', async () => {
      const now = await note();
      return now.failures.worker?.gaveUp && now;
    });
    expect(failures.worker?.reason).toMatch(/^its process ended; the last words of its log are ".*memory\.config\.ts/);
    expect((await run('status')).stdout).toMatch(/^Restarts worker is not restarted any more, .*memory\.config\.ts/m);
  });
});

test('an interrupted up leaves no supervisor behind', async () => {
  const other = await mkdtemp(join(tmpdir(), 'memory-home-'));
  onTestFinished(() => rm(other, { recursive: true, force: true }));
  const up = startCommand(['up'], { MEMORY_HOME: other, MEMORY_HEALTH_PORT: '0', NODE_OPTIONS: HANGING_WORKER });
  const started = await until('a note of the servers', async () => {
    const text = await readFile(join(other, 'running.json'), 'utf8').catch(() => '{}');
    const { pids } = JSON.parse(text);
    return pids && Object.values<number>(pids);
  });

  up.kill('SIGTERM');

  expect(await once(up, 'close')).toEqual([1, null]);
  expect(await allEnded(started)).toBe(true);
  expect(await readdir(other)).not.toContain('running.json');
});
