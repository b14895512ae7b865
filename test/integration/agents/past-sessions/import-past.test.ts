import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { Queue } from 'bullmq';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { callingAgent } from '../../../../src/agents/hooks/agent-process.ts';
import { answerHook } from '../../../../src/agents/hooks/hook.ts';
import { recordUnfinishedWork } from '../../../../src/agents/hooks/unfinished-work.ts';
import { joinedRepositories, joinMemory, unjoinedFolder } from '../../../../src/agents/joined-folders.ts';
import type { PastAgent } from '../../../../src/agents/past-sessions/history.ts';
import { importPastSessionsOf, previewPastImport } from '../../../../src/agents/past-sessions/import-past.ts';
import type { PastSessionOptions } from '../../../../src/agents/past-sessions/read-past-sessions.ts';
import { scopeOf } from '../../../../src/agents/scope.ts';
import { openServices, type Services } from '../../../../src/memory/services.ts';
import { MemoryManager } from '../../../../src/memory.ts';
import { RECALL_BEGIN, RECALL_END } from '../../../../src/redaction/recall-marks.ts';
import { retryingConnection } from '../../../../src/valkey/connections.ts';
import { startWorkers } from '../../../../workers/main.ts';
import { startTranscript } from '../../../support/claude-transcript.ts';
import { environmentOf, failedWith, runCommand, startCommand } from '../../../support/command-line.ts';
import { plainModel } from '../../../support/models.ts';
import { startRollout } from '../../../support/past-sessions/codex-rollout.ts';
import { opencodeMessages, writeDatabase, writeFiles } from '../../../support/past-sessions/opencode-store.ts';
import { useStores } from '../../../support/stores.ts';
import { until } from '../../../support/wait.ts';

const stores = useStores();
/** Long after the last line of every history here. */
const LATER = Date.parse('2027-01-01T00:00:00Z');
const KEY = 'sk-proj-a1B2c3D4e5F6g7H8i9J0k1L2m3N4';
const SALARY = 'Mira earns 90000';
const RECALLED = 'The gateway of Harbor listens on port 7490';

let folder: string;
let harbor: string;
let notes: string;
let environment: Record<string, string>;
let services: Services;
let queue: Queue;

beforeAll(() => {
  const connection = retryingConnection(stores.config.valkey);
  queue = new Queue('store', { connection, prefix: stores.config.queuePrefix });
  return async () => {
    await queue.close();
    connection.disconnect();
  };
});
beforeEach(async () => {
  await queue.obliterate({ force: true });
  folder = mkdtempSync(join(tmpdir(), 'memory-past-'));
  [harbor, notes] = [join(folder, 'harbor'), join(folder, 'notes')];
  for (const project of [harbor, notes]) mkdirSync(project);
  execFileSync('git', ['init', '--quiet'], { cwd: harbor });
  execFileSync('git', ['remote', 'add', 'origin', `https://git.example.com/${basename(folder)}/harbor.git`], {
    cwd: harbor,
  });
  environment = {
    CLAUDE_CONFIG_DIR: join(folder, 'claude'),
    CODEX_HOME: join(folder, 'codex'),
    XDG_DATA_HOME: join(folder, 'data'),
    XDG_CONFIG_HOME: join(folder, 'config'),
  };
  services = openServices({ ...stores.config, home: join(folder, 'home') }, {});
});
afterEach(async () => {
  await services.close();
  rmSync(folder, { recursive: true, force: true });
});

const options = (agent: PastAgent, more: Partial<PastSessionOptions> = {}): PastSessionOptions => ({
  agent,
  environment,
  now: LATER,
  ...more,
});
const groupOf = (directory: string) => scopeOf({ directory, environment: {} }).group;
const jobs = async () => (await queue.getJobs(['wait', 'prioritized'], 0, -1, true)).map(({ data }) => data);
const contents = async () => (await jobs()).map(({ content }) => content as string).sort();

function claudeSession(project: string, name: string) {
  const path = join(folder, 'claude', 'projects', project);
  mkdirSync(path, { recursive: true });
  const file = join(path, `${name}.jsonl`);
  return { file, ...startTranscript(file, name) };
}

/** What each history below holds, as it is stored. */
const STORED = [
  'user: Where are the sessions?\nassistant: In Valkey 8.',
  'user: Use the key [redacted:openai-key]. [private]\nassistant: Done.',
  'The user gave the key [redacted:openai-key] and asked about sessions.',
  'user: And the port?\nassistant: It is 7490.',
  'user: What is in the notes?\nassistant: Nothing yet.',
].sort();

const QUESTION = `Use the key ${KEY}. <private>${SALARY}</private>`;
const SUMMARY = `The user gave the key ${KEY} and asked about sessions.`;

/** A session with secrets, a sub-agent, a summary, a damaged line and no end; one of another project; one of a sub-agent. */
const HISTORIES: Record<PastAgent, () => void> = {
  'claude-code'() {
    const one = claudeSession('-harbor', 'one');
    const at = { cwd: harbor };
    one.snapshot();
    one.user('Where are the sessions?', at);
    one.uses('Bash', { command: `export KEY=${KEY}` }, 'ok');
    one.says('In Valkey 8.', at);
    one.raw('{"type":"user","uuid":"cut o\n');
    one.user(QUESTION, at);
    one.add('assistant', { isSidechain: true, message: { content: [{ type: 'text', text: 'a sub-agent speaks' }] } });
    one.says('Done.', at);
    one.add('user', {
      ...at,
      isCompactSummary: true,
      isVisibleInTranscriptOnly: true,
      message: { role: 'user', content: SUMMARY },
    });
    one.user('And the port?', at);
    one.says('It is 7490.', at);
    one.raw('{"type":"assistant","uuid":"killed in the mid');
    const two = claudeSession('-notes', 'two');
    two.user('What is in the notes?', { cwd: notes });
    two.says('Nothing yet.', { cwd: notes });
    const agent = claudeSession('-harbor', 'agent-1');
    agent.user('Look around.', { isSidechain: true, cwd: harbor });
    agent.says('I looked.', { isSidechain: true, cwd: harbor });
  },
  codex() {
    const [one, two, agent] = ['11111111', '22222222', '33333333'].map(
      (begin) => `${begin}-1111-4111-8111-111111111111`,
    ) as [string, string, string];
    const first = startRollout(join(folder, 'codex'), one, harbor);
    const turn = first.begins();
    first.user('Where are the sessions?');
    first.uses(
      'shell',
      { command: ['bash', '-lc', `export KEY=${KEY}`] },
      JSON.stringify({ output: 'ok', metadata: { exit_code: 0 } }),
    );
    first.says('In Valkey 8.');
    first.ends(turn);
    first.raw('{"timestamp":"2026-11-20T08:00:20.000Z","type":"event_m\n');
    first.turn(QUESTION, 'Done.');
    first.compacted(`Another language model started to solve this problem and produced a summary.\n${SUMMARY}`);
    first.begins();
    first.user('And the port?');
    first.says('It is 7490.');
    first.raw('{"timestamp":"2026-11-20T08:01:00.000Z","type":"respon');
    startRollout(join(folder, 'codex'), two, notes, { isNumbered: false, folder: 'archived_sessions' }).turn(
      'What is in the notes?',
      'Nothing yet.',
    );
    startRollout(join(folder, 'codex'), agent, harbor, { meta: { source: { subagent: 'review' } } }).turn(
      'Look around.',
      'I looked.',
    );
  },
  opencode() {
    const one = opencodeMessages('one');
    one.user('Where are the sessions?', [{ type: 'text', text: 'inserted by the host', synthetic: true }]);
    one.uses('bash', { command: `export KEY=${KEY}` }, 'ok');
    one.says('In Valkey 8.');
    one.user(QUESTION);
    one.says('Done.');
    one.host({ type: 'compaction', auto: false });
    one.summary(SUMMARY);
    one.user('And the port?');
    one.beginsToSay('It is 7490.');
    const two = opencodeMessages('two', '2026-11-22T09:00:00.000Z');
    two.user('What is in the notes?');
    two.says('Nothing yet.');
    const agent = opencodeMessages('agent');
    agent.user('Look around.');
    agent.says('I looked.');
    const path = writeDatabase(join(folder, 'data'), [
      { id: 'ses_one', directory: harbor, messages: one.messages },
      { id: 'ses_agent', directory: harbor, parent: 'ses_one', messages: agent.messages },
    ]);
    const database = new (process.getBuiltinModule('node:sqlite').DatabaseSync)(path);
    database.exec(`INSERT INTO message VALUES ('msg_cut', 'ses_one', 1795251700000, '{"role":"us')`);
    database.close();
    // Copied into the database when opencode was updated, and left.
    writeFiles(join(folder, 'data'), [
      { id: 'ses_one', directory: harbor, messages: one.messages },
      { id: 'ses_two', directory: notes, messages: two.messages },
    ]);
    writeFileSync(join(folder, 'data', 'opencode', 'storage', 'session', 'global', 'ses_cut.json'), '{"id": "ses_c');
  },
};
const DAMAGED: Record<PastAgent, number> = { 'claude-code': 2, codex: 2, opencode: 2 };

describe.each(Object.keys(HISTORIES) as PastAgent[])('past sessions of %s', (agent) => {
  beforeEach(() => HISTORIES[agent]());

  test('imported twice store every turn once, in the memory of its project, without secrets', async () => {
    const first = await importPastSessionsOf(services, options(agent));
    const second = await importPastSessionsOf(services, options(agent));

    expect(first).toMatchObject({ added: 5, known: 0 });
    expect(second).toMatchObject({ added: 0, known: 5 });
    expect(await contents()).toEqual(STORED);
    const stored = await jobs();
    expect(JSON.stringify(stored)).not.toMatch(/a1B2c3D4|90000|sub-agent speaks|looked|inserted by the host/);
    const ofNotes = stored.filter(({ group }) => group === groupOf(notes));
    expect(ofNotes.map(({ content }) => content)).toEqual(['user: What is in the notes?\nassistant: Nothing yet.']);
    expect(stored.filter(({ group }) => group === groupOf(harbor))).toHaveLength(4);
    for (const { referenceTime } of stored) expect(referenceTime).toMatch(/^2026-11-2[0-2]T/);
    const [tooled] = stored.filter(({ content }) => content.includes('In Valkey 8'));
    expect(tooled).toMatchObject({
      source: 'message',
      sourceDescription: agent,
      metadata: { kind: 'turn', host: agent },
    });
    expect(tooled.metadata.tools).toMatchObject([{ status: 'completed', output: 'ok' }]);
    const [summary] = stored.filter(({ content }) => content.startsWith('The user gave'));
    expect(summary).toMatchObject({ source: 'text', metadata: { kind: 'summary' } });
  });

  test('are listed in a preview, which stores nothing', async () => {
    const preview = await previewPastImport(services, options(agent));

    expect(preview).toMatchObject({ sessions: 2, turns: 4, summaries: 1, known: 0, running: 0, subAgents: 1 });
    expect(preview.memories).toEqual([
      { group: groupOf(harbor), episodes: 4, directory: harbor, exists: true },
      { group: groupOf(notes), episodes: 1, directory: notes, exists: true },
    ]);
    expect(preview.hidden).toBeGreaterThanOrEqual(4);
    expect(preview.damaged).toBe(DAMAGED[agent]);
    expect(preview.damagedPlaces).toHaveLength(DAMAGED[agent]);
    expect(await jobs()).toEqual([]);
  });

  test('can be limited to a project, to a period, and to one memory', async () => {
    expect(await previewPastImport(services, options(agent, { project: notes }))).toMatchObject({
      sessions: 1,
      turns: 1,
      summaries: 0,
    });
    expect(await previewPastImport(services, options(agent, { since: new Date('2026-12-01') }))).toMatchObject({
      sessions: 0,
      turns: 0,
    });
    const { memories } = await previewPastImport(services, options(agent, { group: 'all' }));
    expect(memories).toMatchObject([{ group: 'all', episodes: 5 }]);
  });
});

test('sessions of a second clone are left out until the clone has joined', async () => {
  const clone = join(folder, 'clone');
  execFileSync('cp', ['-r', harbor, clone]);
  for (const [index, directory] of [harbor, clone].entries()) {
    const session = claudeSession(`-${index}`, basename(directory));
    session.user(`Where is ${basename(directory)}?`, { cwd: directory });
    session.says('Here.', { cwd: directory });
  }
  const left = {
    unjoined: 1,
    notices: [
      expect.stringMatching(/^\S+\/clone has not joined .* type `memory-manager join` in it and import again\.$/),
    ],
  };
  // A preview lets no folder join, and shows the same.
  expect(await previewPastImport(services, options('claude-code'))).toMatchObject({ turns: 1, ...left });
  const scope = scopeOf({ directory: harbor, environment });
  expect(joinedRepositories(services.config.home, scope.group)).toEqual([]);

  expect(await importPastSessionsOf(services, options('claude-code'))).toMatchObject({ added: 1, ...left });
  expect(await contents()).toEqual(['user: Where is harbor?\nassistant: Here.']);
  const again = { environment: { ...environment, MEMORY_GROUP: 'chosen' } };
  expect(await previewPastImport(services, options('claude-code', again))).toMatchObject({ turns: 2, unjoined: 0 });

  const joining = unjoinedFolder({ home: services.config.home, scope, directory: clone, environment });
  if (joining) joinMemory(services.config.home, joining);
  expect(await importPastSessionsOf(services, options('claude-code'))).toMatchObject({
    added: 1,
    unjoined: 0,
    notices: [],
  });
});

test('turns that a Claude Code hook stored are skipped, and after an import a hook stores nothing again', async () => {
  const session = claudeSession('-harbor', 'one');
  session.user('Where are the sessions?', { cwd: harbor });
  session.says('In Valkey 8.', { cwd: harbor });
  session.user('And the port?', { cwd: harbor });
  session.says('It is 7490.', { cwd: harbor });
  const hook = async (event: 'Stop' | 'SessionEnd', home: string) => {
    const input = JSON.stringify({ session_id: 'one', transcript_path: session.file, cwd: harbor });
    const call = { event, input, host: 'claude-code', group: undefined, directory: harbor, patience: 100 };
    const { spooled } = await answerHook({ ...call, environment: { MEMORY_HOME: join(folder, home) } });
    const memory = new MemoryManager({ ...stores.config, home: join(folder, home) });
    await until('an empty spool', async () => (await memory.drainSpool()).remaining === 0);
    await memory.close();
    return spooled;
  };

  expect(await hook('Stop', 'home')).toBe(2);
  expect(await importPastSessionsOf(services, options('claude-code'))).toMatchObject({ added: 0, known: 2 });
  await queue.obliterate({ force: true });
  expect(await importPastSessionsOf(services, options('claude-code'))).toMatchObject({ added: 2, known: 0 });
  expect(await hook('SessionEnd', 'another-home')).toBe(2);

  expect(await jobs()).toHaveLength(2);
});

test('a turn spooled by hooks takes precedence over the same turn of the import', async () => {
  const session = claudeSession('-harbor', 'one');
  session.user('Where are the sessions?', { cwd: harbor });
  const input = JSON.stringify({
    session_id: 'one',
    transcript_path: session.file,
    cwd: harbor,
    last_assistant_message: 'In Valkey.',
  });
  const call = {
    event: 'Stop' as const,
    input,
    host: 'claude-code',
    group: undefined,
    directory: harbor,
    patience: 100,
  };
  await answerHook({ ...call, environment: { MEMORY_HOME: join(folder, 'home') } });

  // The transcript lacks the answer, which the hook was given.
  expect(await importPastSessionsOf(services, options('claude-code'))).toMatchObject({ added: 0, known: 1 });
  expect(await contents()).toEqual(['user: Where are the sessions?\nassistant: In Valkey.']);
});

test('a turn in the graph is recognized although its job is gone', async () => {
  const session = claudeSession('-harbor', 'one');
  session.user('Where are the sessions?', { cwd: harbor });
  session.says('In Valkey 8.', { cwd: harbor });
  const worker = await startWorkers(stores.config, ['store'], { languageModel: plainModel() });
  try {
    await importPastSessionsOf(services, options('claude-code'));
    await until('the end of the job', async () => (await queue.getCompletedCount()) === 1);
  } finally {
    await worker.close();
  }
  await queue.obliterate({ force: true });

  expect(await importPastSessionsOf(services, options('claude-code'))).toMatchObject({ added: 0, known: 1 });
});

test('an unfinished turn of an agent is not imported until it ends', async () => {
  const now = Date.parse('2026-11-22T10:05:00Z');
  const session = claudeSession('-harbor', 'one');
  session.user('Where are the sessions?', { cwd: harbor });
  session.says('In Valkey 8.', { cwd: harbor });
  session.user('And the port?', { cwd: harbor });
  session.uses('Bash', { command: 'sleep 600' }, 'ok');

  expect(await importPastSessionsOf(services, options('claude-code', { now }))).toMatchObject({ added: 1, running: 1 });
  session.says('It is 7490.', { cwd: harbor });
  session.answer([{ type: 'text', text: 'That is all.' }], { cwd: harbor }, { stop_reason: 'end_turn' });
  expect(await importPastSessionsOf(services, options('claude-code', { now }))).toMatchObject({ added: 1, running: 0 });
});

test.each(['claude-code', 'codex'] as const)(
  'a turn on which a running %s works is left to its hooks, however long it has written nothing',
  async (agent) => {
    const home = services.config.home;
    const session =
      agent === 'codex' ? startRollout(join(folder, 'codex'), 'one', harbor) : claudeSession('-harbor', 'one');
    if ('begins' in session) session.begins();
    session.user('Fix it.');
    session.says('I write the file.');
    const work = { host: agent, session: 'one', transcript: join(folder, 'one'), directory: harbor, group: 'harbor' };
    const running = callingAgent(['hook'], process.pid);
    recordUnfinishedWork(home, { ...work, isOpen: true, ...(running && { agent: running }) });

    expect(await importPastSessionsOf(services, options(agent))).toMatchObject({ added: 0, running: 1 });
    recordUnfinishedWork(home, { ...work, isOpen: true });
    expect(await importPastSessionsOf(services, options(agent))).toMatchObject({ added: 1, running: 0 });
  },
);

test('turns that a resumed session repeats are stored once, under the first session', async () => {
  const one = claudeSession('-harbor', 'one');
  one.user('Where are the sessions?', { cwd: harbor });
  one.says('In Valkey 8.', { cwd: harbor });
  const two = claudeSession('-harbor', 'two');
  two.raw(readFileSync(one.file));
  appendFileSync(two.file, readFileSync(one.file, 'utf8').replaceAll('one-', 'two-').replaceAll('10:00', '11:00'));

  expect(await importPastSessionsOf(services, options('claude-code'))).toMatchObject({ added: 2, copies: 1 });
  expect((await jobs()).map(({ saga }) => saga).sort()).toEqual(['one', 'two']);
});

test('recalled text is not stored again', async () => {
  const session = claudeSession('-harbor', 'one');
  session.add('attachment', {
    attachment: {
      type: 'hook_additional_context',
      content: `${RECALL_BEGIN}\n- ${RECALLED}. (said 2026-11-01)\n${RECALL_END}`,
    },
  });
  session.user('Where is it?', { cwd: harbor });
  session.says(`${RECALLED}.\n\nI have looked it up.`, { cwd: harbor });

  await importPastSessionsOf(services, options('claude-code'));

  expect(await contents()).toEqual(['user: Where is it?\nassistant: I have looked it up.']);
});

test('a compressed Codex rollout is read, and a damaged database does not stop the import', async () => {
  const id = '11111111-1111-4111-8111-111111111111';
  const { path, turn } = startRollout(join(folder, 'codex'), id, harbor);
  turn('Where are the sessions?', 'In Valkey 8.');
  writeFileSync(`${path}.zst`, zstdCompressSync(readFileSync(path)));
  rmSync(path);
  writeFileSync(path.replace('11111111', '22222222').concat('.zst'), 'no archive');
  mkdirSync(join(folder, 'data', 'opencode'), { recursive: true });
  writeFileSync(join(folder, 'data', 'opencode', 'opencode.db'), 'no database');

  expect(await importPastSessionsOf(services, options('codex'))).toMatchObject({ added: 1, damaged: 1 });
  const { notices, added } = await importPastSessionsOf(services, options('opencode'));
  expect(added).toBe(0);
  expect(notices).toEqual([expect.stringMatching(/opencode\.db cannot be read/)]);
});

describe('the import command', () => {
  const command = (...args: string[]) =>
    runCommand(['import', ...args], {
      ...environmentOf(stores.config),
      MEMORY_GROUP: '',
      MEMORY_HOME: join(folder, 'home'),
      ...environment,
    });

  test('shows a preview, asks, imports with --yes, and then finds nothing new', async () => {
    HISTORIES['claude-code']();

    const shown = await command('claude-code', '--dry-run');
    const asked = await command('claude-code');
    const made = await command('claude-code', '--yes');
    const again = await command('claude-code');

    expect(shown).toMatchObject({ status: 0, stderr: '' });
    expect(shown.stdout).toMatch(/^Claude Code: 2 sessions, 4 turns and 1 summary, from 2026-11-22 to 2026-11-22\n/);
    expect(shown.stdout).toContain(`${groupOf(harbor)}  4  ${harbor}\n`);
    expect(shown.stdout).toContain('Cost of model calls: none (local models)\n');
    expect(shown.stdout).toMatch(
      /Left out: 1 sub-agent's session\nDamaged and skipped: 2, the first at .*one\.jsonl:\d+\n$/,
    );
    expect(asked).toMatchObject({ status: 1, stderr: 'Nothing was imported; add --yes to import them.\n' });
    expect(made.stdout).toContain('Imported 5 episodes.\n');
    expect(again).toMatchObject({ status: 0, stderr: '', stdout: expect.stringContaining('Already stored: all\n') });
    expect(await contents()).toEqual(STORED);
  });

  test('prints one object with --json, and one sentence if there is nothing to import', async () => {
    HISTORIES.codex();

    const made = await command('codex', '--yes', '--json');
    const none = await command('opencode');

    expect(JSON.parse(made.stdout)).toMatchObject({ agent: 'codex', added: 5, known: 0, cost: 0, dryRun: false });
    expect(none).toMatchObject({
      status: 0,
      stdout: `No turns of opencode were found in ${join(folder, 'data', 'opencode')}.\n`,
    });
  });

  test('refuses options of the other kind of import', async () => {
    expect(await command('codex', '--skip-broken')).toMatchObject(failedWith(/--skip-broken is for files/));
    expect(await command('some-file.json', '--yes')).toMatchObject(failedWith(/--yes is for past sessions/));
  });

  test('killed halfway and repeated stores every turn once', async () => {
    const count = 1_200;
    const session = claudeSession('-harbor', 'long');
    for (let number = 1; number <= count; number += 1) {
      session.user(`question ${number}`, { cwd: harbor });
      session.says(`answer ${number}`, { cwd: harbor });
    }
    const settings = {
      ...environmentOf(stores.config),
      MEMORY_GROUP: '',
      MEMORY_HOME: join(folder, 'home'),
      ...environment,
    };
    const child = startCommand(['import', 'claude-code', '--yes'], settings);
    await until('the first jobs', async () => (await queue.getWaitingCount()) > 0);
    child.kill('SIGKILL');

    const made = await command('claude-code', '--yes');

    expect(made.status).toBe(0);
    const stored = await contents();
    expect(stored).toHaveLength(count);
    expect(new Set(stored).size).toBe(count);
  });
});
