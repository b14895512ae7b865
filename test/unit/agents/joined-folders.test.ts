import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HookEvent } from '../../../src/agents/hooks/event.ts';
import { answerHook } from '../../../src/agents/hooks/hook.ts';
import { joinedRepositories, unjoinedFolder } from '../../../src/agents/joined-folders.ts';
import { server } from '../../../src/agents/opencode/plugin-hooks.ts';
import { scopeOf } from '../../../src/agents/scope.ts';
import { openSpool } from '../../../src/queue/spool/spool.ts';
import { recordOutcome } from '../../../src/telemetry/agent-outcomes.ts';
import { MINUTE } from '../../../src/time.ts';
import { startTranscript } from '../../support/claude-transcript.ts';
import { runCommand } from '../../support/command-line.ts';
import { answerQuestion, hasPseudoTerminal } from '../../support/pseudo-terminal.ts';

const ORIGIN = 'https://example.org/team/harbor.git';
let folder: string;
const at = (...parts: string[]) => join(folder, ...parts);
let environment: Record<string, string>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'memory-joined-'));
  environment = { MEMORY_HOME: at('home'), VALKEY_PORT: '1', FALKORDB_PORT: '1', MEMORY_MODELS: 'local' };
  for (const name of ['mine', 'copied', 'other']) repository(name, name === 'other' ? undefined : ORIGIN);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A repository as a copied folder has it: its configuration is all that names the origin. */
function repository(name: string, origin: string | undefined): void {
  mkdirSync(at(name, '.git', 'objects'), { recursive: true });
  writeFileSync(at(name, '.git', 'HEAD'), 'ref: refs/heads/main\n');
  writeFileSync(at(name, '.git', 'config'), origin ? `[remote "origin"]\n  url = ${origin}\n` : '');
}

const git = (name: string, ...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.c', '-c', 'protocol.file.allow=always', ...args], {
    cwd: at(name),
    env: { PATH: process.env.PATH, HOME: folder, GIT_CONFIG_NOSYSTEM: '1' },
    stdio: 'pipe',
  });

const scope = (name: string) => scopeOf({ directory: at(name), environment });
const unjoined = (name: string, isNoted = true) =>
  unjoinedFolder({ home: at('home'), scope: scope(name), directory: at(name), environment }, isNoted);
const spool = () => openSpool(at('home'), 100);
const run = (name: string, ...args: string[]) => runCommand(args, environment, '', at(name));

function hook(name: string, event: HookEvent, session: string) {
  const told = { session_id: session, transcript_path: at(`${session}.jsonl`), cwd: at(name), hook_event_name: event };
  return answerHook({
    ...{ event, input: JSON.stringify(told), host: 'claude-code', group: undefined, environment },
    ...{ directory: at(name), patience: MINUTE },
  });
}

function say(session: string, text: string): void {
  const transcript = startTranscript(at(`${session}.jsonl`), session);
  transcript.snapshot();
  transcript.user(text);
  transcript.says('Noted.');
}

test('the first folder of a memory joins silently, and so do its worktrees; another folder joins only on request', () => {
  expect(unjoined('mine', false)).toBeUndefined();
  expect(joinedRepositories(at('home'), scope('mine').group)).toEqual([]);
  expect(unjoined('mine')).toBeUndefined();
  git('mine', 'init', '--quiet');
  git('mine', 'commit', '--quiet', '--allow-empty', '-m', 'a');
  git('mine', 'worktree', 'add', '--quiet', at('worktree'));
  expect(scope('worktree').group).toBe(scope('mine').group);
  expect(unjoined('worktree')).toBeUndefined();
  expect(unjoined('copied')).toMatchObject({ group: scope('mine').group, others: [at('mine', '.git')] });
  expect(unjoined('other')).toBeUndefined();
});

describe('a downloaded folder whose files point to a repository', () => {
  const ways: Record<string, () => void> = {
    'a .git file': () => writeFileSync(at('evil', '.git'), 'gitdir: ../mine/.git\n'),
    'a .git file naming a worktree of it': () => {
      git('mine', 'worktree', 'add', '--quiet', at('tree'));
      writeFileSync(at('evil', '.git'), 'gitdir: ../mine/.git/worktrees/tree\n');
    },
    'a link': () => symlinkSync('../mine/.git', at('evil', '.git')),
    'a commondir': () => {
      repository('evil', undefined);
      writeFileSync(at('evil', '.git', 'commondir'), '../../mine/.git\n');
    },
    'a worktree of its own making': () => {
      mkdirSync(at('evil', 'worktrees', 'w'), { recursive: true });
      writeFileSync(at('evil', '.git'), 'gitdir: worktrees/w\n');
      writeFileSync(at('evil', 'worktrees', 'w', 'HEAD'), 'ref: refs/heads/main\n');
      writeFileSync(at('evil', 'worktrees', 'w', 'gitdir'), '../../.git\n');
      writeFileSync(at('evil', 'worktrees', 'w', 'commondir'), '../../../mine/.git\n');
    },
    'an origin on this machine': () => repository('evil', '../mine'),
    'an origin that leads to it by a .git file': () => {
      repository('evil', './inner');
      mkdirSync(at('evil', 'inner'));
      writeFileSync(at('evil', 'inner', '.git'), 'gitdir: ../../mine/.git\n');
    },
  };
  const kinds = { 'with an origin': ORIGIN, 'without one': undefined };
  const cases = Object.keys(ways).flatMap((way) => Object.keys(kinds).map((kind) => [way, kind] as const));

  test.each(cases)('by %s must join the memory explicitly, %s', (way, kind) => {
    rmSync(at('mine'), { recursive: true });
    mkdirSync(at('mine'));
    mkdirSync(at('evil'));
    git('mine', 'init', '--quiet');
    const origin = kinds[kind as keyof typeof kinds];
    if (origin) git('mine', 'remote', 'add', 'origin', origin);
    git('mine', 'commit', '--quiet', '--allow-empty', '-m', 'a');
    ways[way]?.();
    expect(unjoined('mine')).toBeUndefined();
    const { group } = scope('mine');

    expect(scope('evil').group).toBe(group);
    expect(unjoined('evil')).toMatchObject({ group, others: [at('mine', '.git')], repository: at('evil', '.git') });
    // Nor is it the first where the home knows of none yet.
    rmSync(at('home'), { recursive: true });
    expect(unjoined('evil')).toMatchObject({ others: [at('mine', '.git')] });
    expect(unjoined('mine')).toBeUndefined();
  });

  test("does not get a memory through a git log that is a link to another repository's log", () => {
    git('other', 'init', '--quiet');
    git('other', 'commit', '--quiet', '--allow-empty', '-m', 'a');
    repository('evil', undefined);
    symlinkSync('../../other/.git/logs', at('evil', '.git', 'logs'));

    expect(scope('other').by).toBe('root-commit');
    expect(scope('evil').by).toBe('path');
  });

  test('must join explicitly for a commit that the host names', () => {
    git('other', 'init', '--quiet');
    git('other', 'commit', '--quiet', '--allow-empty', '-m', 'a');
    const hash = String(execFileSync('git', ['rev-parse', 'HEAD'], { cwd: at('other') })).trim();
    repository('evil', undefined);
    expect(unjoined('other')).toBeUndefined();
    const named = scopeOf({ directory: at('evil'), rootCommit: hash, environment });

    expect(named.group).toBe(scope('other').group);
    const folderScope = { home: at('home'), scope: named, directory: at('evil'), environment };
    expect(unjoinedFolder(folderScope)?.others).toEqual([at('other', '.git')]);
  });
});

test('worktrees and submodules, even after git moved them, belong to the repository that names them', () => {
  git('mine', 'init', '--quiet');
  git('mine', 'commit', '--quiet', '--allow-empty', '-m', 'a');
  git('other', 'init', '--quiet');
  git('other', 'commit', '--quiet', '--allow-empty', '-m', 'b');
  expect(unjoined('mine')).toBeUndefined();
  git('mine', 'worktree', 'add', '--quiet', at('tree'));
  git('mine', 'worktree', 'move', at('tree'), at('moved'));
  git('mine', 'submodule', '--quiet', 'add', at('other'), 'vendor/other');
  git('mine/vendor/other', 'remote', 'set-url', 'origin', 'https://example.org/team/other.git');
  git('mine', 'commit', '--quiet', '-m', 'c');
  git('mine', 'worktree', 'add', '--quiet', at('second'));
  git('second', 'submodule', '--quiet', 'update', '--init');

  expect([unjoined('moved'), unjoined('second'), unjoined('mine/vendor/other')]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  const { group } = scope('mine/vendor/other');
  expect(joinedRepositories(at('home'), group)).toEqual([at('mine', '.git', 'modules', 'vendor', 'other')]);
  expect(joinedRepositories(at('home'), scope('mine').group)).toEqual([at('mine', '.git')]);
  // A folder that a user moved is asked about until `git worktree repair`.
  renameSync(at('moved'), at('by-hand'));
  expect(unjoined('by-hand')).toMatchObject({ repository: at('by-hand', '.git') });
  git('by-hand', 'worktree', 'repair');
  expect(unjoined('by-hand')).toBeUndefined();
});

test('folders in which agents used the memory of an older home count as joined', () => {
  const { group } = scope('mine');
  for (const directory of [at('mine'), at('other')])
    recordOutcome(at('home'), { host: 'claude-code', group, directory, work: 'capture', outcome: 'ok' });

  expect(unjoined('copied')?.others).toEqual([at('mine', '.git'), at('other', '.git')]);
  expect(unjoined('mine')).toBeUndefined();
  expect(unjoined('copied')?.others).toHaveLength(2);
});

test('hooks recall nothing and hold turns until the folder joins, and say so once per session', async () => {
  say('a', 'Harbor uses Valkey.');
  expect((await hook('mine', 'Stop', 'a')).spooled).toBe(1);

  const started = await hook('copied', 'SessionStart', 'b');
  say('b', 'The copy uses Kafka.');
  const prompted = await hook('copied', 'UserPromptSubmit', 'b');
  const stopped = await hook('copied', 'Stop', 'b');

  expect(JSON.parse(started.output ?? '')).toEqual({
    systemMessage: expect.stringMatching(
      /^memory-manager: This folder has not joined .* type `memory-manager join` in it\.$/,
    ),
  });
  expect([prompted.output, stopped]).toEqual([undefined, { spooled: 0 }]);
  const place = unjoined('copied')?.place ?? '';
  expect([spool().count(), spool().countHeld(place)]).toEqual([1, 1]);
  const doctor = await run('copied', 'doctor');
  expect(doctor.stdout).toMatch(/^warning +agents +This folder has not joined/m);

  const joined = await run('copied', 'join', '--json');

  expect(JSON.parse(joined.stdout)).toMatchObject({ repository: at('copied', '.git'), waiting: 1 });
  expect([spool().names().length, spool().countHeld(place)]).toEqual([2, 0]);
  expect(unjoined('copied')).toBeUndefined();
  expect((await run('copied', 'join')).stdout).toMatch(/^This folder uses the memory "repo_harbor_\w+" already\.\n$/);
});

test('a command with --group auto is rejected where no prompt is possible, and a named memory needs no joining', async () => {
  expect(unjoined('mine')).toBeUndefined();

  for (const args of [['query', 'Harbor'], ['mcp']]) {
    const refused = await run('copied', ...args, '--group', 'auto');
    expect(refused).toMatchObject({ status: 1, stdout: '' });
    expect(refused.stderr).toContain('type `memory-manager join`');
  }
  const named = await run('copied', 'query', 'Harbor', '--group', scope('mine').group);
  expect(named.stderr).not.toContain('join');
});

const terminalNote = hasPseudoTerminal ? '' : ' (skipped: there is no `script` of util-linux)';

describe.skipIf(!hasPseudoTerminal)(`--group auto on a terminal asks whether the folder joins${terminalNote}`, () => {
  const ask = (answer: string | undefined) =>
    answerQuestion(['query', 'Harbor', '--group', 'auto'], environment, at('copied'), answer);

  beforeEach(() => {
    expect(unjoined('mine')).toBeUndefined();
  });

  test('after yes the folder joins and the command continues', async () => {
    const { screen } = await ask('y\r');

    expect(screen).toContain(`which ${at('mine', '.git')} uses. Use it here too? [y/N]`);
    expect(screen).toContain('FalkorDB at localhost:1 does not answer');
    expect(unjoined('copied')).toBeUndefined();
  });

  test.each([
    ['no', 'n\r'],
    ['Enter', '\r'],
    ['another word', 'yesterday\r'],
    ['Ctrl-C', '\x03'],
    ['the end of the input', undefined],
  ])('after %s the folder does not join and the command is rejected', async (_, answer) => {
    const { status, screen } = await ask(answer);

    expect(status).toBe(1);
    expect(screen).toMatch(/\nThis folder has not joined .* type `memory-manager join`/);
    expect(screen).not.toMatch(/Unexpected|does not answer/);
    expect(unjoined('copied', false)).toBeDefined();
  });
});

test('the opencode plugin offers no tools and recalls nothing in a folder that has not joined', async () => {
  expect(unjoined('mine')).toBeUndefined();
  const before = { ...process.env };
  Object.assign(process.env, environment);
  try {
    const logged: string[] = [];
    const client = { app: { log: async ({ body }: { body: { message: string } }) => void logged.push(body.message) } };
    const hooks = await server({ directory: at('copied'), client } as never);
    const open = await server({ directory: at('mine') } as never);

    expect(hooks.tool).toBeUndefined();
    expect(hooks['experimental.session.compacting']).toBeUndefined();
    expect(open.tool).toBeDefined();
    await expect.poll(() => logged.filter((line) => line.includes('has not joined'))).toHaveLength(1);
    for (const { dispose } of [hooks, open] as unknown as { dispose(): Promise<void> }[]) await dispose();
  } finally {
    process.env = before;
  }
  expect(readdirSync(at('home', 'agents', 'joined', scope('mine').group))).toHaveLength(1);
});
