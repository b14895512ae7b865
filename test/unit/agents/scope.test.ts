import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { normalisedOrigin } from '../../../src/agents/git.ts';
import { scopeOf } from '../../../src/agents/scope.ts';

let folder = '';
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'memory-scope-')));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const path = (...names: string[]) => join(folder, ...names);
const scope = (directory: string, more: object = {}) => scopeOf({ directory, environment: { USER: 'mira' }, ...more });
const git = (directory: string, ...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.c', '-c', 'protocol.file.allow=always', ...args], {
    cwd: directory,
    env: { PATH: process.env.PATH, HOME: folder, GIT_CONFIG_NOSYSTEM: '1' },
    stdio: 'pipe',
    encoding: 'utf8',
  }).trim();

function newRepository(name: string, origin?: string): string {
  const directory = path(name);
  mkdirSync(directory, { recursive: true });
  git(directory, 'init', '--quiet');
  if (origin) git(directory, 'remote', 'add', 'origin', origin);
  return directory;
}
function commit(directory: string, text = 'a'): void {
  writeFileSync(join(directory, 'a.txt'), text);
  git(directory, 'add', '.');
  git(directory, 'commit', '--quiet', '-m', text);
}

describe('a repository with an origin', () => {
  test('keeps its memory when its folder is gone but the host recorded its address', () => {
    const origin = 'https://github.com/team/harbor.git';
    const there = scope(newRepository('there', origin));

    expect(scope(path('gone'), { origin })).toEqual({ ...there, needsJoining: false });
    // The repository of an existing folder is read from the folder itself.
    expect(scope(newRepository('other', 'https://github.com/team/other'), { origin }).group).toMatch(/^repo_other_/);
  });

  test('has the same memory however the address is written', () => {
    const addresses = [
      'git@github.com:Team/Harbor.git',
      'ssh://git@github.com/team/harbor.git',
      'ssh://git@ssh.github.com:443/team/harbor.git',
      'https://github.com/team/harbor',
      'https://me:hunter2@github.com/team/harbor.git/',
      'https://x-access-token:abc@github.com:443/team/harbor',
      'git://github.com/team/harbor.git',
      'git+ssh://git@github.com/team/harbor.git',
      'github.com:team/harbor.git',
    ];
    const scopes = addresses.map((address, index) => scope(newRepository(`r${index}`, address)));

    expect(new Set(scopes.map(({ group }) => group)).size).toBe(1);
    expect(scopes[0]).toEqual({
      group: expect.stringMatching(/^repo_harbor_[0-9a-f]{16}$/),
      by: 'origin',
      needsJoining: true,
      userGroup: 'user_mira',
    });
  });

  test('has a different memory than a repository of the same name elsewhere', () => {
    const one = scope(newRepository('one', 'https://github.com/team/harbor'));
    const other = scope(newRepository('other', 'https://github.com/others/harbor'));

    expect(one.group).not.toBe(other.group);
  });

  test('shares its memory with worktrees and subfolders, but not with submodules', () => {
    const main = newRepository('main', 'git@github.com:team/harbor.git');
    const library = newRepository('library', 'git@github.com:team/library.git');
    commit(library);
    commit(main);
    git(main, 'worktree', 'add', '--quiet', path('elsewhere', 'tree'));
    git(main, 'submodule', '--quiet', 'add', library, 'vendor/library');
    git(join(main, 'vendor/library'), 'remote', 'set-url', 'origin', 'https://github.com/team/library');
    mkdirSync(join(main, 'src', 'deep'), { recursive: true });
    symlinkSync(main, path('link'));

    const { group } = scope(main);

    expect(scope(path('elsewhere', 'tree')).group).toBe(group);
    expect(scope(join(main, 'src', 'deep')).group).toBe(group);
    expect(scope(path('link')).group).toBe(group);
    expect(scope(join(main, 'vendor', 'library'))).toEqual(scope(library));
  });

  test('shares its memory with its clones on this machine', () => {
    const main = newRepository('main', 'git@github.com:team/harbor.git');
    commit(main);
    git(folder, 'clone', '--quiet', main, path('clone'));
    git(folder, 'clone', '--quiet', '--bare', path('clone'), path('bare.git'));
    git(path('bare.git'), 'worktree', 'add', '--quiet', path('tree'), 'HEAD');

    for (const name of ['clone', 'bare.git', 'tree'])
      expect(scope(path(name))).toEqual({ ...scope(main), source: path('main', '.git') });
  });
});

describe('a repository without an origin', () => {
  test('is identified by its first commit, in worktrees, clones and copies', () => {
    const main = newRepository('main');
    commit(main, 'a');
    commit(main, 'b');
    git(main, 'worktree', 'add', '--quiet', path('tree'));
    git(folder, 'clone', '--quiet', main, path('clone'));
    execFileSync('cp', ['-r', main, path('copy')]);

    expect(scope(main)).toMatchObject({ by: 'root-commit', group: expect.stringMatching(/^repo_git_[0-9a-f]{16}$/) });
    for (const name of ['tree', 'copy']) expect(scope(path(name))).toEqual({ ...scope(main), needsJoining: false });
    expect(scope(path('clone'))).toEqual({ ...scope(main), needsJoining: true, source: path('main', '.git') });
  });

  test('uses the first commit that the caller knows when its own log is gone', () => {
    const main = newRepository('main');
    commit(main);
    const known = scope(main);
    const rootCommit = git(main, 'rev-list', '--max-parents=0', 'HEAD');
    rmSync(join(main, '.git', 'logs'), { recursive: true });

    expect(scope(main, { rootCommit })).toEqual({ ...known, needsJoining: true });
    expect(scope(main, { rootCommit: 'global' }).by).toBe('path');
  });

  test('without a commit is identified by its path, the same for all worktrees', () => {
    const main = newRepository('main');

    expect(scope(main)).toMatchObject({ by: 'path', group: expect.stringMatching(/^repo_main_[0-9a-f]{16}$/) });
    expect(scope(path('main', 'missing', 'folder')).by).toBe('path');
  });
});

describe('an explicit choice has priority', () => {
  test('an option first, then the environment', () => {
    const main = newRepository('main', 'git@github.com:team/harbor.git');
    const environment = { MEMORY_GROUP_ID: 'id', MEMORY_GROUP: 'group', MEMORY_USER_GROUP: 'everybody' };

    expect(scope(main, { group: 'mine', environment })).toEqual({
      group: 'mine',
      by: 'option',
      needsJoining: false,
      userGroup: 'everybody',
    });
    expect(scope(main, { environment })).toMatchObject({ group: 'id', by: 'environment' });
    expect(scope(main, { environment: { MEMORY_GROUP: 'group' }, userGroup: 'us' })).toMatchObject({
      group: 'group',
      userGroup: 'us',
    });
  });

  test('an invalid group name is rejected', () => {
    expect(() => scope(folder, { group: 'my project' })).toThrow('not a valid name');
  });
});

test('a folder without a repository is identified by its real path', () => {
  mkdirSync(path('Überraschung!'));
  symlinkSync(path('Überraschung!'), path('link'));

  expect(scope(path('link'))).toEqual(scope(path('Überraschung!')));
  expect(scope(path('link')).group).toMatch(/^repo_[\w-]+_[0-9a-f]{16}$/);
});

test.each(['/srv/git/a.git', '../a', 'file:///srv/a', 'C:\\code\\a', ''])('not a remote address: %s', (url) => {
  expect(normalisedOrigin(url)).toBeUndefined();
});
