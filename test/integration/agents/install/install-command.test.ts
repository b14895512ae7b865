import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { failedWith, runCommand } from '../../../support/command-line.ts';

// The command as a user types it; it writes only below a home of its own.
let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'memory-installed-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const install = (...args: string[]) =>
  runCommand(['install', ...args], { HOME: home, CLAUDE_CONFIG_DIR: join(home, 'c') });
const settings = () => join(home, 'c', 'settings.json');

test('the command shows a preview, requires --yes without a terminal, installs, reports an existing installation, and uninstalls', async () => {
  const shown = await install('claude-code', '--dry-run');
  expect(shown).toMatchObject({ status: 0, stderr: '' });
  expect(shown.stdout).toMatch(/settings\.json \(new\)\n\+ \{\n\+ {3}"hooks": \{\n/);
  expect(existsSync(settings())).toBe(false);

  const asked = await install('claude-code');
  expect(asked).toMatchObject({ status: 1, stderr: 'Nothing was changed; add --yes to make this change.\n' });
  expect(asked.stdout).toBe(shown.stdout);
  expect(existsSync(settings())).toBe(false);

  expect((await install('claude-code', '--yes')).stdout).toMatch(/Claude Code: done; .*install claude-code --undo\n$/);
  expect(JSON.parse(readFileSync(settings(), 'utf8'))).toHaveProperty('hooks.SessionEnd');
  expect((await install('claude-code')).stdout).toBe('Claude Code: already installed.\n');

  expect((await install('claude-code', '--undo', '--yes')).stdout).toMatch(/- \{[\s\S]*Claude Code: removed\.\n$/);
  expect(existsSync(settings())).toBe(false);
  expect((await install('claude-code', '--undo')).stdout).toBe('Claude Code: not installed.\n');
});

test('--json prints one document', async () => {
  const { stdout } = await install('claude-code', '--yes', '--json');
  expect(JSON.parse(stdout)).toEqual({
    agent: 'claude-code',
    made: true,
    files: [
      { path: settings(), changed: true },
      { path: expect.stringMatching(/commands\/memory-manager\.md$/), changed: true },
    ],
    notes: [],
  });
});

test('mcp without a project prints the configuration', async () => {
  const { status, stdout } = await install('mcp');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^Claude Code, all projects: claude mcp add [\s\S]*"mcpServers"/);
});

test('an impossible installation is refused in one sentence', async () => {
  expect(await install('emacs')).toMatchObject(
    failedWith(/install supports opencode, claude-code, codex and mcp, not "emacs"/),
  );
  expect(await install('mcp', '--group', 'a b')).toMatchObject(failedWith(/"a b" is not a valid name/));
  await install('claude-code', '--yes');
  const broken = readFileSync(settings(), 'utf8').replace('{', '{{');
  writeFileSync(settings(), broken);
  expect(await install('claude-code', '--undo', '--yes')).toMatchObject(failedWith(/cannot be used: line 1: /));
  expect(readFileSync(settings(), 'utf8')).toBe(broken);
});
