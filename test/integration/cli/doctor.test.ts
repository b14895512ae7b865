import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { scopeOf } from '../../../src/agents/scope.ts';
import { gradeFreeSpace } from '../../../src/cli/doctor/machine.ts';
import { openGraphs } from '../../../src/graph/graphs.ts';
import { recordOutcome } from '../../../src/telemetry/agent-outcomes.ts';
import { startTranscript } from '../../support/claude-transcript.ts';
import { type CommandResult, MAIN, runCommand } from '../../support/command-line.ts';
import { startFakeOpenAI } from '../../support/fake-openai/index.ts';
import { until } from '../../support/wait.ts';
import { wrongServers } from '../../support/wrong-servers.ts';
import { isRunning } from '../embedded/processes.ts';

// One memory that `up` started, as a user has it, with Claude Code connected in one project. Each test breaks one thing.
let folder: string;
let settings: Record<string, string>;
let pids: Record<string, number>;
const at = (...names: string[]) => join(folder, ...names);

/** A user's environment: agents are looked for in a home folder of the test, programs in the real cache. */
const environment = (): Record<string, string> => ({
  HOME: at('user'),
  XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'),
  PATH: `${at('bin')}:/usr/bin:/bin`,
  MEMORY_HOME: at('home'),
  MEMORY_USER_ID: 'mira',
});
const run = (args: string[], more: Record<string, string> = {}, input = '', where = at('harbor')) =>
  runCommand(args, { ...environment(), ...more }, input, where);
const doctor = (more: Record<string, string> = {}, where?: string) => run(['doctor'], more, '', where);
/** The servers of `up` by their addresses, and one setting of them changed. */
const servers = (more: Record<string, string>) => ({
  ...Object.fromEntries(Object.entries(settings).filter(([name]) => /^(VALKEY|FALKORDB)_/.test(name))),
  ...more,
});

/** The lines of a report that are not ok. */
const faults = (stdout: string) => stdout.split('\n').filter((line) => /^(problem|warning) /.test(line));

/** A busy machine makes any server late, so a report that names something else too is asked for again. */
const TRIES = 5;

async function expectFaults(
  report: () => Promise<CommandResult>,
  sentences: readonly RegExp[],
): Promise<CommandResult> {
  let ended = await report();
  const isExpected = () => {
    const found = faults(ended.stdout);
    return found.length === sentences.length && found.every((line, index) => sentences[index]?.test(line));
  };
  for (let tries = 1; tries < TRIES && !isExpected(); tries += 1) ended = await report();
  expect(faults(ended.stdout)).toEqual(sentences.map((sentence) => expect.stringMatching(sentence)));
  expect(ended).toMatchObject({
    status: faults(ended.stdout).some((line) => line.startsWith('problem')) ? 1 : 0,
    stderr: '',
  });
  return ended;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'memory-doctor-'));
  mkdirSync(at('user', '.claude'), { recursive: true });
  mkdirSync(at('harbor', '.git', 'objects'), { recursive: true });
  writeFileSync(at('harbor', '.git', 'HEAD'), 'ref: refs/heads/main\n');
  writeFileSync(at('harbor', '.git', 'config'), '[remote "origin"]\n  url = https://example.org/team/harbor.git\n');
  expect(await run(['up'])).toMatchObject({ status: 0 });
  const note = JSON.parse(readFileSync(at('home', 'running.json'), 'utf8'));
  settings = note.settings;
  pids = note.pids;
  // A project's hooks start the command that each member of the team has on the PATH.
  mkdirSync(at('bin'));
  writeFileSync(at('bin', 'memory-manager'), `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`, { mode: 0o755 });
  expect(await run(['install', 'claude-code', '--project', '--yes'])).toMatchObject({ status: 0 });
});
afterAll(async () => {
  await run(['down']);
  rmSync(folder, { recursive: true, force: true });
});

describe('doctor on a working setup', () => {
  test('reports no problems, and names agents, memory, servers, worker and models', async () => {
    const transcript = startTranscript(at('session.jsonl'), 's1');
    transcript.user('Where are the sessions of Harbor?');
    transcript.says('Harbor keeps its sessions in Valkey 8.');
    const event = { session_id: 's1', transcript_path: at('session.jsonl'), cwd: at('harbor') };
    await run(['hook', 'Stop', '--host', 'claude-code'], {}, JSON.stringify(event));
    await until('the episode', async () => (await run(['groups'])).stdout.includes('1 episode,'));

    const { stdout } = await expectFaults(doctor, []);

    const { group } = scopeOf({ directory: at('harbor'), environment: {} });
    for (const line of [
      /^ok {7}versions +memory-manager \d+\.\d+\.\d+, Node \d+\./m,
      /^ok {7}home +Only you can write to \S+home\.$/m,
      /^ok {7}Claude Code +Connected in \.claude\/settings\.json\.$/m,
      /^ok {7}capture +Turns stored \d+ (?:s|min) ago \(claude-code\)\.$/m,
      /^ok {7}Valkey +127\.0\.0\.1:\d+ answers: Valkey [\d.]+, keeps its data\.$/m,
      /^ok {7}FalkorDB +127\.0\.0\.1:\d+ answers: module [\d.]+ in \w+ [\d.]+, keeps its data\.$/m,
      /^ok {7}worker +process \d+ on \S+ \(store, export, scheduler\)\.$/m,
      /^ok {7}embedder +\S+ \(\d+ dimensions\) answers\.$/m,
      new RegExp(
        `^ok {7}memory +This folder's memory is "${group}" \\(by the repository's origin\\): 1 episode, `,
        'm',
      ),
      /^ok {7}exports +No archive yet\. The next nightly export is due at /m,
    ])
      expect(stdout).toMatch(line);
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('All well.');
  });

  test('reports the same as JSON', async () => {
    const data = await until('a report without faults', async () => {
      const { status, stdout } = await run(['doctor', '--json']);
      return status === 0 && JSON.parse(stdout);
    });

    expect(data).toMatchObject({
      problems: 0,
      warnings: 0,
      findings: expect.arrayContaining([{ level: 'ok', about: 'spool', message: 'It is empty.' }]),
    });
  });

  test('starts with the memory of the folder and the activity of its agents', async () => {
    const [plain, json] = await until('an answer of FalkorDB', async () => {
      const both = [await run(['status']), await run(['status', '--json'])] as const;
      return both.every(({ status }) => status === 0) && both;
    });

    const { group } = scopeOf({ directory: at('harbor'), environment: {} });
    expect(plain.stdout).toMatch(
      new RegExp(
        `^Agent    memory of this folder: "${group}", 1 episode, the last of [\\d-]+\\n {9}turns stored \\d+ \\w+ ago`,
      ),
    );
    expect(JSON.parse(json.stdout).agent).toMatchObject({
      group,
      episodes: 1,
      capture: { last: { host: 'claude-code', outcome: 'ok' }, lastDay: { ok: 1, failed: 0 } },
      recall: { last: null },
    });
  });
});

test('workers publish the outcomes of captures and recalls', async () => {
  const { healthUrl } = JSON.parse((await run(['status', '--json'])).stdout).valkey.liveWorkers[0];

  const metrics = await (await fetch(`${healthUrl}/metrics`)).text();

  expect(metrics).toContain(
    'opencode_memory_agent_outcomes{host="claude-code",work="capture",outcome="ok"} 1\n' +
      'opencode_memory_agent_outcomes{host="claude-code",work="capture",outcome="late"} 0\n',
  );
});

describe('doctor names the problem:', () => {
  test('a server that is down', async () => {
    const port = String(wrongServers.nothing());

    const { stdout } = await expectFaults(
      () => doctor(servers({ FALKORDB_PORT: port })),
      [/^problem +FalkorDB +FalkorDB at .* does not answer; start it/],
    );
    expect(stdout).toMatch(/\n1 problem\.\n$/);
  });

  test('a wrong password', async () => {
    await expectFaults(
      () => doctor(servers({ VALKEY_PASSWORD: 'guessed-password' })),
      [/^problem +Valkey +Valkey at .* refused the user or the password; check VALKEY_USERNAME/],
    );
  });

  test('a Valkey at the address of FalkorDB', async () => {
    const wrong = { FALKORDB_PORT: settings.VALKEY_PORT ?? '', FALKORDB_PASSWORD: settings.VALKEY_PASSWORD ?? '' };
    await expectFaults(
      () => doctor(servers(wrong)),
      [/^problem +FalkorDB +The server at .* without the FalkorDB module; check FALKORDB_HOST/],
    );
  });

  test('no connected agent, and which agent could be connected', async () => {
    mkdirSync(at('elsewhere'), { recursive: true });

    await expectFaults(
      () => doctor({}, at('elsewhere')),
      [/^problem +Claude Code +It is on this machine but not .*`memory-manager install claude-code`/],
    );
  });

  test('hooks that run a deleted file, and missing hooks', async () => {
    mkdirSync(at('old', '.claude'), { recursive: true });
    const hook = { type: 'command', command: `${process.execPath} /gone/main.cjs hook Stop --host claude-code` };
    writeFileSync(at('old', '.claude', 'settings.json'), JSON.stringify({ hooks: { Stop: [{ hooks: [hook] }] } }));

    await expectFaults(
      () => doctor({}, at('old')),
      [
        /^problem +Claude Code +In \.claude\/settings\.json its hooks start \/gone\/main\.cjs, which is not there, and it lacks the hooks for SessionStart, UserPromptSubmit, PreCompact, SessionEnd; `memory-manager install claude-code` repairs it\.$/,
      ],
    );
  });

  test('a deleted opencode plugin, and a configuration that is not valid JSON', async () => {
    mkdirSync(at('plugged', '.claude'), { recursive: true });
    writeFileSync(at('plugged', 'opencode.json'), '{"plugin": ["file:///gone/dist/opencode.js"]} // ours');
    writeFileSync(at('plugged', '.claude', 'settings.json'), '{"hooks": ');

    await expectFaults(
      () => doctor({}, at('plugged')),
      [
        /^problem +Claude Code +In \.claude\/settings\.json it cannot be read: /,
        /^problem +opencode +In opencode\.json its plugin is \/gone\/dist\/opencode\.js, which is not/,
      ],
    );
  });

  test('a home that other users can write to', async () => {
    mkdirSync(at('open'), { mode: 0o700 });
    chmodSync(at('open'), 0o770);

    await expectFaults(
      () => doctor({ MEMORY_HOME: at('open') }),
      [/^problem +home +Other users of this machine can write into .*; run chmod 700 on it/],
    );
  });

  test('an exports folder that is not a folder', async () => {
    writeFileSync(at('file'), '');

    await expectFaults(
      () => doctor({ MEMORY_EXPORT_DIR: at('file') }),
      [/^problem +exports +\S+ is not a folder; check MEMORY_EXPORT_DIR/],
    );
    await expectFaults(
      () => doctor({ MEMORY_EXPORT_DIR: at('file', 'exports') }),
      [/^problem +exports +\S+ cannot be created: \S+file is not a folder; check MEMORY_EXPORT_DIR/],
    );
  });

  test('a disk that is full, or nearly full', () => {
    expect(gradeFreeSpace('disk', '/home', 5_000_000)).toEqual({
      level: 'problem',
      about: 'disk',
      message: 'Only 5.0 MB free for /home; free some space on that disk, or nothing more can be stored.',
    });
    expect(gradeFreeSpace('disk', '/home', 500_000_000).level).toBe('warning');
    expect(gradeFreeSpace('disk', '/home', 5_000_000_000)).toMatchObject({
      level: 'ok',
      message: '5.0 GB free for /home.',
    });
  });

  test('a memory of another embedder, which the check does not change', async () => {
    const { FALKORDB_HOST: host = '', FALKORDB_PORT: port, FALKORDB_PASSWORD: password } = settings;
    const graphs = openGraphs({ host, port: Number(port), password, tls: false });
    onTestFinished(() => graphs.close());
    const graph = graphs.group('others');
    await graph.write("CREATE (:_Meta {key: 'embedder', model: 'text-embedding-3-small', dimension: 1024, schema: 1})");

    await expectFaults(
      () => run(['doctor', '--group', 'others']),
      [/^problem +embedder +The memory "others" was written with .*`memory-manager reembed --group oth/],
    );
    expect(await graph.read('MATCH (m:_Meta) RETURN m.schema AS schema')).toEqual([{ schema: 1 }]);
    expect(await graph.read('CALL db.indexes() YIELD label RETURN label')).toEqual([]);
  });

  test('a key that the model server refuses, without printing the key', async () => {
    const openai = await startFakeOpenAI({ key: 'right' });
    onTestFinished(() => openai.close());
    const wrong = { MEMORY_MODELS: 'openai', MEMORY_EMBEDDINGS: 'openai', OPENAI_API_KEY: 'sk-wrong-key-0123456789' };

    const { stdout, stderr } = await expectFaults(
      () => doctor({ ...wrong, OPENAI_BASE_URL: openai.url }),
      [
        /^problem +reading model +The server at .* refused the key in OPENAI_API_KEY; set one that is/,
        /^problem +embedder +The server at .* refused the key in MEMORY_EMBEDDING_API_KEY or OPENAI/,
      ],
    );
    expect(stdout + stderr).not.toContain('sk-wrong');
  });

  test('an invalid setting, and an unknown one', async () => {
    await expectFaults(() => doctor({ VALKEY_PORT: 'abc' }), [/^problem +settings +VALKEY_PORT is "abc", which/]);
    const { stdout } = await expectFaults(
      () => doctor({ MEMORY_MODLES: 'local' }),
      [/^warning +settings +MEMORY_MODLES is not a setting .* did you mean MEMORY_MODELS\?$/],
    );
    expect(stdout).toMatch(/\nNo problem, 1 warning\.\n$/);
  });

  test('an old version of a server', async () => {
    const proxy = await startOldValkey(Number(settings.VALKEY_PORT));
    onTestFinished(() => void proxy.close());
    const port = String((proxy.address() as AddressInfo).port);

    await expectFaults(
      () => doctor(servers({ VALKEY_PORT: port })),
      [/^problem +Valkey +Valkey runs on Valkey 6\.\d+\.\d+; memory-manager needs Valkey 7\.2/],
    );
  });

  test('a server without persistence, or with eviction', async () => {
    const valkey = new Redis({
      port: Number(settings.VALKEY_PORT),
      password: settings.VALKEY_PASSWORD ?? '',
      maxRetriesPerRequest: 1,
    });
    await valkey.config('SET', 'appendonly', 'no');
    await expectFaults(doctor, [/^warning +Valkey +Valkey has appendonly no: .* Set its/]);
    await valkey.config('SET', 'maxmemory-policy', 'allkeys-lru');
    await expectFaults(doctor, [
      /^problem +Valkey +Valkey throws data away .*; set its maxmemory-policy/,
      /^warning +Valkey +Valkey has appendonly no/,
    ]);
    await valkey.config('SET', 'maxmemory-policy', 'noeviction');
    await valkey.config('SET', 'appendonly', 'yes');
    valkey.disconnect();
  });

  test('a failed last recall, with its reason', async () => {
    const group = 'failing';
    const known = { host: 'opencode', group, directory: at('harbor'), work: 'recall' as const };
    recordOutcome(at('home'), { ...known, outcome: 'ok' });
    recordOutcome(at('home'), { ...known, outcome: 'failed', reason: 'the briefing failed: Valkey does not answer.' });

    await expectFaults(
      () => run(['doctor', '--group', group]),
      [
        /^problem +recall +Recall failed \d+ \w+ ago \(opencode\): the briefing failed: Valkey does not answer; in the last day, 1 of 2 tries was late or failed\.$/,
      ],
    );
    const status = await run(['status']);
    // The last agent in this folder used that memory.
    expect(status.stdout).toMatch(
      /^Agent {4}memory of this folder: "failing".*\n {9}recall failed .*\n {9}late or failed in the last day: 0 of 0 captures, 1 of 2 recalls; /,
    );
  });

  test('a dead worker without a supervisor', async () => {
    for (const pid of [pids.supervisor ?? 0, pids.worker ?? 0]) {
      process.kill(pid, 'SIGKILL');
      await until('its end', async () => !(await isRunning(pid)));
    }

    await expectFaults(
      () => run(['doctor', '--group', 'auto']),
      [
        /^warning +restarts +Processes that die are not restarted, because the supervisor is not running; `memory-manager up` starts/,
        /^problem +worker +No worker is running, .*\. Start one with `memory-manager up`/,
      ],
    );
  });

  test('and it never prints a secret', async () => {
    const { stdout, stderr } = await run(['doctor', '--json'], servers({ B2_KEY_ID: 'id', B2_APP_KEY: 'K005-secret' }));

    const secrets = Object.entries(settings).filter(([name]) => /_(PASSWORD|KEY)$/.test(name));
    expect(secrets.length).toBe(3);
    for (const [, secret] of [...secrets, ['', 'K005-secret']]) expect(stdout + stderr).not.toContain(secret);
    expect(JSON.parse(stdout).findings).toContainEqual({
      level: 'problem',
      about: 'exports',
      message: expect.stringContaining('B2_BUCKET'),
    });
    expect(existsSync(at('harbor', 'exports'))).toBe(false);
  });
});

/** The real Valkey, except that it says it is version 6. */
async function startOldValkey(port: number): Promise<Server> {
  const proxy = createServer((client) => {
    const server = connect(port, '127.0.0.1');
    client.on('error', () => server.destroy()).on('close', () => server.destroy());
    server.on('error', () => client.destroy()).on('close', () => client.destroy());
    client.pipe(server);
    server.on('data', (data) =>
      client.write(Buffer.from(data.toString('latin1').replace(/valkey_version:\d/g, 'valkey_version:6'), 'latin1')),
    );
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return proxy;
}
