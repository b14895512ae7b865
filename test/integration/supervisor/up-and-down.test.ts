import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { commandOf } from '../../../src/embedded/process-identity.ts';
import { startServers } from '../../../src/embedded/servers.ts';
import { failedWith, runCommand, startCommand } from '../../support/command-line.ts';
import { startFakeOpenAI } from '../../support/fake-openai/index.ts';
import { HANGING_WORKER } from '../../support/hanging-worker.ts';
import { until } from '../../support/wait.ts';
import { allEnded, isRunning } from '../embedded/processes.ts';

/** In the language of the fake OpenAI server. */
const FACT = 'Harbor [Product] USES Valkey [Product]: Harbor uses Valkey.';

let home: string;
const run = (...args: string[]) => runCommand(args, { MEMORY_HOME: home });
const note = () => readFile(join(home, 'running.json'), 'utf8').then((text) => JSON.parse(text));
const pids = async (): Promise<number[]> =>
  Object.values(JSON.parse(await readFile(join(home, 'running.json'), 'utf8')).pids as Record<string, number>);

/** What dies now is not restarted before `up`. */
async function endSupervisor(): Promise<void> {
  const { supervisor } = (await note()).pids;
  process.kill(supervisor, 'SIGKILL');
  await allEnded([supervisor]);
}

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'memory-home-'));
});
afterAll(async () => {
  await run('down');
  await rm(home, { recursive: true, force: true });
});

describe('up and down', () => {
  test('up starts the memory, other commands find it, and its data survives a down', async () => {
    const up = await run('up');
    const started = await pids();
    const stored = await run('store', 'Harbor keeps its sessions in Valkey.');
    const answer = await run('query', 'Where does Harbor keep its sessions?');
    const down = await run('down');

    expect(up).toMatchObject({ status: 0, stderr: '', stdout: expect.stringMatching(/^Running:\n {2}Valkey {4}127/) });
    expect(stored).toMatchObject({ status: 0, stderr: '' });
    expect(answer.stdout).toMatch(/^- .*Harbor.*Valkey/);
    expect(down).toMatchObject({ status: 0, stdout: `Stopped. Your data is kept in ${home}.\n` });
    expect(started).toHaveLength(4);
    expect(await allEnded(started)).toBe(true);

    await run('up');
    expect((await run('query', 'Where does Harbor keep its sessions?', '--no-cache')).stdout).toBe(answer.stdout);
  });

  test('other users of the machine can neither use the servers nor read their files', async () => {
    const { settings } = await note();
    const asked = await Promise.all(
      [settings.VALKEY_PORT, settings.FALKORDB_PORT].map((port) => answerWithoutPassword(Number(port))),
    );
    const files = await readdir(home, { recursive: true });
    const modes = await Promise.all(files.map(async (name) => [name, (await stat(join(home, name))).mode & 0o077]));

    expect(asked).toEqual([expect.stringMatching(/^NOAUTH/), expect.stringMatching(/^NOAUTH/)]);
    expect(modes.filter(([, others]) => others !== 0)).toEqual([]);
    expect((await run('up', '--json')).stdout).not.toContain(settings.VALKEY_PASSWORD);
    expect((await run('config')).stdout).toMatch(/VALKEY_PASSWORD +\(set\) +running/);
    // Made at the first start and kept since, also over `down`.
    expect((await readFile(join(home, 'journal.key'), 'utf8')).trim()).toBe(settings.MEMORY_JOURNAL_KEY);
    expect((await run('up', '--json')).stdout).not.toContain(settings.MEMORY_JOURNAL_KEY);
    expect((await run('config')).stdout).toMatch(/MEMORY_JOURNAL_KEY +\(set\) +running/);
  });

  test('a program of the same user that has only the addresses finds the passwords, whatever its home', async () => {
    const { settings } = await note();
    const { FALKORDB_HOST, FALKORDB_PORT, VALKEY_HOST, VALKEY_PORT } = settings;
    const named = { FALKORDB_HOST, FALKORDB_PORT, VALKEY_HOST, VALKEY_PORT, MEMORY_HOME: join(home, 'another') };

    const answer = await runCommand(['query', 'Where does Harbor keep its sessions?'], named);

    expect(answer).toMatchObject({ status: 0, stderr: '', stdout: expect.stringMatching(/^- .*Harbor.*Valkey/) });
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

  test('a second up says what to do about a frozen server', async () => {
    const { falkordb } = (await note()).pids;
    process.kill(falkordb, 'SIGSTOP');

    const up = await run('up');
    process.kill(falkordb, 'SIGCONT');

    expect(up).toMatchObject(
      failedWith(/^Already running, but FalkorDB does not answer: `memory-manager down`, then `up`\.\n$/),
    );
  });

  test('up after only a server was killed restarts it at its address', async () => {
    await endSupervisor();
    const before = await note();
    process.kill(before.pids.falkordb, 'SIGKILL');

    await run('up');

    expect((await note()).settings).toEqual(before.settings);
    expect((await run('query', 'Where does Harbor keep its sessions?', '--no-cache')).stdout).toMatch(/^- .*Harbor/);
  });

  test('up after only the worker was killed leaves the servers alone', async () => {
    await endSupervisor();
    const before = await note();
    process.kill(before.pids.worker, 'SIGKILL');

    const up = await run('up');

    const after = await note();
    expect(up).toMatchObject({ status: 0, stderr: '', stdout: expect.stringMatching(/^Running:/) });
    expect(after.settings).toEqual(before.settings);
    expect(after.pids).toEqual({ ...before.pids, worker: expect.any(Number), supervisor: expect.any(Number) });
    expect(after.pids.worker).not.toBe(before.pids.worker);
    expect(await run('store', 'Harbor uses Valkey.', '--timeout', '120')).toMatchObject({ status: 0, stderr: '' });
  });

  test('up uses other ports and passwords if another program took the ports of a dead server', async () => {
    await endSupervisor();
    const before = await note();
    process.kill(before.pids.valkey, 'SIGKILL');
    const other = createServer();
    await until('the port', async () => {
      other.listen(Number(before.settings.VALKEY_PORT), '127.0.0.1');
      // An error is also what ends the waiting for `listening`.
      return once(other, 'listening').then(
        () => true,
        () => false,
      );
    });

    const up = await run('up');
    other.close();

    expect(up).toMatchObject({ status: 0, stderr: '' });
    const { settings } = await note();
    // Programs that reconnected have sent the former passwords to the other program.
    for (const name of ['VALKEY_PORT', 'FALKORDB_PORT', 'VALKEY_PASSWORD', 'FALKORDB_PASSWORD'])
      expect(settings[name], name).not.toBe(before.settings[name]);
    expect(JSON.parse(await readFile(join(home, 'last-servers.json'), 'utf8'))).toEqual(
      Object.fromEntries(
        ['VALKEY_PORT', 'FALKORDB_PORT', 'VALKEY_PASSWORD', 'FALKORDB_PASSWORD'].map((name) => [name, settings[name]]),
      ),
    );
    expect((await run('query', 'Where does Harbor keep its sessions?', '--no-cache')).stdout).toMatch(/^- .*Harbor/);
  });

  test('config shows the settings of the running memory as such', async () => {
    const settings = JSON.parse((await run('config', '--json')).stdout);

    expect(settings.VALKEY_PORT.origin).toBe('running');
    expect(settings.MEMORY_MODELS).toMatchObject({ value: 'local', origin: 'running' });
  });

  test('down leaves nothing running, and a second down says that nothing ran', async () => {
    const started = await pids();

    await run('down');

    expect(await allEnded(started)).toBe(true);
    expect(await run('down')).toMatchObject({ status: 0, stdout: 'Nothing was running.\n', stderr: '' });
  });

  test('after a down, up gives the servers the ports and passwords that running programs know', async () => {
    await run('up');
    const before = await note();
    await run('down');

    const up = await run('up');

    expect(up).toMatchObject({ status: 0, stderr: '' });
    expect((await note()).settings).toEqual(before.settings);
    expect((await stat(join(home, 'last-servers.json'))).mode & 0o777).toBe(0o600);
    await run('down');
  });

  test('after a down, up uses other ports and passwords if another program listens at a known port', async () => {
    await run('up');
    const before = await note();
    await run('down');
    const other = createServer().listen(Number(before.settings.FALKORDB_PORT), '127.0.0.1');
    await once(other, 'listening');

    const up = await run('up');
    other.close();

    expect(up).toMatchObject({ status: 0, stderr: '' });
    const { settings } = await note();
    for (const name of ['VALKEY_PORT', 'FALKORDB_PORT', 'VALKEY_PASSWORD', 'FALKORDB_PASSWORD'])
      expect(settings[name], name).not.toBe(before.settings[name]);
    expect((await run('query', 'Where does Harbor keep its sessions?', '--no-cache')).stdout).toMatch(/^- .*Harbor/);
    await run('down');
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('an up that gets %s halfway leaves nothing running', async (signal) => {
    const up = startCommand(['up'], { MEMORY_HOME: home, NODE_OPTIONS: HANGING_WORKER });
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
  });

  test('down finds what a killed up had started', async () => {
    const up = startCommand(['up'], { MEMORY_HOME: home, NODE_OPTIONS: HANGING_WORKER });
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

  test.each(['worker', 'supervisor'])(
    'a %s whose start was not recorded when up was killed ends: nothing runs that down does not find',
    async (part) => {
      // Kills `up` in the moment in which the note that names the new process would replace the note before.
      const killer = join(home, 'kill-before-note.mjs');
      await writeFile(killer, KILLER);
      const up = startCommand(['up'], {
        MEMORY_HOME: home,
        NODE_OPTIONS: `--import=${pathToFileURL(killer)}`,
        KILLED_BEFORE_NOTE_OF: part,
      });

      expect(await once(up, 'close')).toEqual([null, 'SIGKILL']);

      expect(JSON.parse(await readFile(join(home, 'running.json'), 'utf8')).pids[part]).toBeUndefined();
      const command = part === 'worker' ? 'worker' : 'supervise';
      await until('the end of the process', async () => (await processesOf(home, command)).length === 0);
      expect((await run('down')).stdout).toMatch(/^Stopped/);
      await until('the end of everything', async () => (await processesOf(home)).length === 0);
    },
  );

  test('a half-written record of running processes is ignored', async () => {
    await writeFile(join(home, 'running.json'), '{"settings": {"VALKEY_PORT"');

    expect((await run('config', '--json')).status).toBe(0);
    expect(await run('down')).toMatchObject({ status: 0, stdout: 'Nothing was running.\n' });
  });
});

const KILLER = `
import fs, { readFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
const { rename } = fs;
fs.rename = (from, to, done) => {
  if (String(to).endsWith('running.json') && JSON.parse(readFileSync(from, 'utf8')).pids[process.env.KILLED_BEFORE_NOTE_OF])
    process.kill(process.pid, 'SIGKILL');
  else rename(from, to, done);
};
syncBuiltinESMExports();
`;

/** The ids of all processes of a home, or of those that run one command. */
async function processesOf(memoryHome: string, command?: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const started = (await isRunning(pid)) ? await commandOf(pid) : undefined;
      const isOurs = started?.environment.MEMORY_HOME === memoryHome;
      return isOurs && (command === undefined || started?.command.includes(command)) ? [pid] : [];
    }),
  );
  return found.flat();
}

/** What a server says to a client that gives no password. */
async function answerWithoutPassword(port: number): Promise<string> {
  const client = new Redis({ host: '127.0.0.1', port, enableReadyCheck: false, retryStrategy: () => null });
  client.on('error', () => {});
  onTestFinished(() => client.disconnect());
  return client.ping().catch((error: Error) => error.message);
}

async function newHome(): Promise<string> {
  const fresh = await mkdtemp(join(tmpdir(), 'memory-home-'));
  onTestFinished(async () => {
    await runCommand(['down'], { MEMORY_HOME: fresh });
    await rm(fresh, { recursive: true, force: true });
  });
  return fresh;
}

const noteOf = (fresh: string) => readFile(join(fresh, 'running.json'), 'utf8').then((text) => JSON.parse(text));

test('of several ups at once one starts the memory and the others find it', async () => {
  const fresh = await newHome();

  const ups = await Promise.all([1, 2, 3].map(() => runCommand(['up'], { MEMORY_HOME: fresh })));

  expect(ups.map(({ status, stderr }) => ({ status, stderr }))).toEqual(Array(3).fill({ status: 0, stderr: '' }));
  expect(ups.map(({ stdout }) => stdout.split(':')[0]).sort()).toEqual([
    'Already running',
    'Already running',
    'Running',
  ]);
  const worker = (await noteOf(fresh)).pids.worker;
  for (const { stdout } of ups) expect(stdout).toContain(`process ${worker},`);
});

test('servers of an earlier release without passwords are restarted with passwords and their data', async () => {
  const fresh = await newHome();
  // As that release did it: folders with the mode that the system gives, and a note without passwords and times.
  await mkdir(join(fresh, 'valkey'));
  await chmod(join(fresh, 'valkey'), 0o755);
  const servers = await startServers({ dataFolder: fresh, detached: true });
  if (!servers.own) throw new Error('the environment names servers');
  const settings = {
    FALKORDB_HOST: servers.falkordb.host,
    FALKORDB_PORT: String(servers.falkordb.port),
    VALKEY_HOST: servers.valkey.host,
    VALKEY_PORT: String(servers.valkey.port),
    MEMORY_MODELS: 'local',
    MEMORY_EXPORT_DIR: join(fresh, 'exports'),
  };
  const old = startCommand(['worker'], { MEMORY_HOME: fresh, MEMORY_HEALTH_PORT: '0', ...settings });
  onTestFinished(() => void old.kill('SIGKILL'));
  const pids = { valkey: servers.valkey.pid, falkordb: servers.falkordb.pid, worker: old.pid ?? 0 };
  await writeFile(join(fresh, 'running.json'), JSON.stringify({ settings, pids }));
  await run2('store', 'Harbor keeps its sessions in Valkey.', '--timeout', '120');

  const up = await run2('up');

  const after = await noteOf(fresh);
  expect(up).toMatchObject({
    status: 0,
    stderr: expect.stringMatching(/^Restarting the servers of an earlier release, because they had no password\.\n$/),
  });
  expect(await allEnded(Object.values(pids))).toBe(true);
  expect(after.settings).toMatchObject({ VALKEY_PORT: settings.VALKEY_PORT, FALKORDB_PORT: settings.FALKORDB_PORT });
  expect(await answerWithoutPassword(servers.valkey.port)).toMatch(/^NOAUTH/);
  expect((await stat(join(fresh, 'valkey'))).mode & 0o777).toBe(0o700);
  expect((await run2('query', 'Where does Harbor keep its sessions?', '--no-cache')).stdout).toMatch(
    /^- .*Harbor.*Valkey/,
  );

  function run2(...args: string[]) {
    return runCommand(args, { MEMORY_HOME: fresh, MEMORY_HEALTH_PORT: '0' });
  }
});

describe('a record whose process ids now belong to other programs', () => {
  /** Runs as long as the test, under a name that could be a server's or a worker's. */
  async function stranger(): Promise<ChildProcess> {
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', 'worker', 'valkey-server', 'redis']);
    onTestFinished(() => void other.kill('SIGKILL'));
    await once(other, 'spawn');
    return other;
  }

  test.each([
    ['with start times', { worker: 'boot:1', valkey: 'boot:1', falkordb: 'boot:1' }],
    ['of an earlier release', undefined],
  ])('%s does not harm these programs', async (_, started) => {
    const fresh = await newHome();
    const [worker, valkey, falkordb] = [await stranger(), await stranger(), await stranger()];
    const pids = { worker: worker.pid, valkey: valkey.pid, falkordb: falkordb.pid };
    const before = JSON.stringify({ settings: {}, pids, started });
    await writeFile(join(fresh, 'running.json'), before);

    const down = await runCommand(['down'], { MEMORY_HOME: fresh });
    await writeFile(join(fresh, 'running.json'), before);
    const up = await runCommand(['up'], { MEMORY_HOME: fresh });

    expect(down).toMatchObject({ status: 0, stdout: 'Nothing was running.\n' });
    expect(up).toMatchObject({ status: 0, stderr: '', stdout: expect.stringMatching(/^Running:/) });
    for (const { pid = 0 } of [worker, valkey, falkordb]) expect(await isRunning(pid)).toBe(true);
  });
});

test('down finds the servers of a home by their folders if the record is lost', async () => {
  const fresh = await newHome();
  const servers = await startServers({ dataFolder: fresh, detached: true, valkeyPassword: 'a', falkordbPassword: 'b' });
  if (!servers.own) throw new Error('the environment names servers');

  const down = await runCommand(['down'], { MEMORY_HOME: fresh });

  expect(down.stdout).toMatch(/^Stopped/);
  expect(await allEnded([servers.valkey.pid, servers.falkordb.pid])).toBe(true);
});

describe('a memory.config.ts in the working folder', () => {
  async function folderWithTypes() {
    const fresh = await newHome();
    const folder = await mkdtemp(join(tmpdir(), 'memory-folder-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const mark = join(folder, 'was-run');
    const file = join(folder, 'memory.config.ts');
    await writeFile(
      file,
      `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(mark)}, ''); export default { instructions: 'x' };`,
    );
    const command = (...args: string[]) =>
      runCommand(args, { MEMORY_HOME: fresh, MEMORY_HEALTH_PORT: '0' }, '', folder);
    const wasRun = () =>
      stat(mark).then(
        () => true,
        () => false,
      );
    return { fresh, file, command, wasRun };
  }

  test.each(['up', 'worker'])('is not run by %s unless it is trusted', async (name) => {
    const { command, wasRun } = await folderWithTypes();

    const refused = await command(name);

    expect(refused).toMatchObject(
      failedWith(/^\S+memory\.config\.ts is a program that is not trusted yet\. .* --trust-config .* --no-config/),
    );
    expect(await wasRun()).toBe(false);
  });

  test('is run once trusted, until it changes, and can be skipped', async () => {
    const { fresh, file, command, wasRun } = await folderWithTypes();

    const without = await command('up', '--no-config');
    const ranWithout = await wasRun();
    await command('down');
    const trusted = await command('up', '--trust-config');
    const again = await command('up');
    await writeFile(file, 'export default {};');
    const changed = await command('worker');

    expect(without).toMatchObject({ status: 0, stderr: '' });
    expect(ranWithout).toBe(false);
    expect(trusted).toMatchObject({ status: 0, stderr: '' });
    expect((await noteOf(fresh)).settings.MEMORY_CONFIG).toBe(file);
    expect(again).toMatchObject({ status: 0, stdout: expect.stringMatching(/^Already running/) });
    expect(changed).toMatchObject(
      failedWith(/^\S+memory\.config\.ts is a program that has changed since it was trusted\./),
    );
  });
});

test('a home that cannot be created or written is reported in one sentence', async () => {
  const fresh = await newHome();
  await writeFile(join(fresh, 'file'), '');

  const below = await runCommand(['up'], { MEMORY_HOME: join(fresh, 'file', 'home') });
  await mkdir(join(fresh, 'home', 'running.json.new'), { recursive: true });
  await mkdir(join(fresh, 'home', 'valkey', 'server.conf'), { recursive: true });
  const taken = await runCommand(['up'], { MEMORY_HOME: join(fresh, 'home') });

  expect(below).toMatchObject(failedWith(/^The folder \S+ cannot be created \(ENOTDIR\); check MEMORY_HOME\.$/m));
  expect(taken).toMatchObject(failedWith(/server\.conf cannot be used: it is a folder \(EISDIR\)\.$/m));
});

describe('with OPENAI_API_KEY in the environment', () => {
  async function environmentWithKey() {
    const fake = await startFakeOpenAI({ key: 'sk-test' });
    onTestFinished(() => fake.close());
    const environment = {
      MEMORY_HOME: await newHome(),
      MEMORY_HEALTH_PORT: '0',
      OPENAI_API_KEY: 'sk-test',
      OPENAI_BASE_URL: fake.url,
    };
    return { fake, environment };
  }

  test('up chooses OpenAI, says why, and its worker calls that server', async () => {
    const { fake, environment } = await environmentWithKey();

    const up = await runCommand(['up'], environment);
    const stored = await runCommand(['store', FACT, '--timeout', '60'], environment);
    const again = await runCommand(['up'], { ...environment, MEMORY_MODELS: 'local' });

    expect(up).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^ {2}models {4}openai, because OPENAI_API_KEY is set$/m),
    });
    expect(stored).toMatchObject({ status: 0, stderr: '' });
    expect(fake.calls.map(({ purpose }) => purpose)).toEqual(expect.arrayContaining(['extract', 'embed']));
    expect(again.stdout).toMatch(
      /^ {2}models {4}openai, because `up` chose them at its start \(MEMORY_MODELS is local now; /m,
    );
    expect(up.stdout + (await readFile(join(environment.MEMORY_HOME, 'worker.log'), 'utf8'))).not.toContain('sk-test');
  });

  test('a worker chooses OpenAI, says why when it is ready, and calls that server', async () => {
    const { fake, environment } = await environmentWithKey();
    const servers = await startServers();
    onTestFinished(() => servers.stop());
    const named = {
      ...environment,
      FALKORDB_HOST: servers.falkordb.host,
      FALKORDB_PORT: String(servers.falkordb.port),
      VALKEY_HOST: servers.valkey.host,
      VALKEY_PORT: String(servers.valkey.port),
    };
    const worker = startCommand(['worker'], named);
    onTestFinished(() => void worker.kill('SIGKILL'));
    let log = '';
    worker.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
    await until('the worker', () => log.includes('is ready'));

    const stored = await runCommand(['store', FACT, '--timeout', '60'], named);

    expect(log).toMatch(/is ready \(store, export, scheduler; openai models, because OPENAI_API_KEY is set\)\./);
    expect(stored).toMatchObject({ status: 0, stderr: '' });
    expect(fake.calls.map(({ purpose }) => purpose)).toEqual(expect.arrayContaining(['extract', 'embed']));
    expect(log).not.toContain('sk-test');
  });
});
