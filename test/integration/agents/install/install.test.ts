import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Agent, type InstallOptions, planInstallation } from '../../../../src/agents/install/install.ts';

let folder: string;
let script: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'memory-install-'));
  // A package with a plugin, as npm would unpack it.
  const root = join(folder, 'lib', 'memory-manager');
  mkdirSync(join(root, 'dist', 'bin'), { recursive: true });
  writeFileSync(join(root, 'package.json'), '{"exports": {"./opencode": {"default": "./dist/opencode.js"}}}');
  writeFileSync(join(root, 'dist', 'opencode.js'), '');
  script = join(root, 'dist', 'bin', 'main.cjs');
  writeFileSync(script, '');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (...parts: string[]) => join(folder, ...parts);
const plan = (agent: Agent, options: Partial<InstallOptions> = {}) =>
  planInstallation({
    agent,
    project: true,
    undo: false,
    mcp: false,
    group: undefined,
    directory: folder,
    script,
    environment: { HOME: at('home'), PATH: '' },
    ...options,
  });
const install = (agent: Agent, options: Partial<InstallOptions> = {}) => plan(agent, options).make();
const undo = (agent: Agent, options: Partial<InstallOptions> = {}) => plan(agent, { undo: true, ...options }).make();
const changes = (agent: Agent, options: Partial<InstallOptions> = {}) =>
  plan(agent, options).changes.filter(({ before, after }) => before !== after).length;
const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'));

/** What people have; each with the agent whose file it is. */
const FILES: readonly (readonly [name: string, agent: Agent, path: string, text: string])[] = [
  ['plain settings', 'claude-code', '.claude/settings.json', '{\n  "model": "opus",\n  "env": {"A": "1"}\n}\n'],
  [
    'settings with hooks',
    'claude-code',
    '.claude/settings.json',
    '{\n\t"hooks": {\n\t\t"Stop": [\n\t\t\t{ "hooks": [{ "type": "command", "command": "say done" }] }\n\t\t]\n\t}\n}',
  ],
  ['settings in one line', 'claude-code', '.claude/settings.json', '{"permissions":{"allow":["Bash(ls:*)"]}}'],
  ['empty settings', 'claude-code', '.claude/settings.json', ''],
  ['empty hooks', 'claude-code', '.claude/settings.json', '{\n  "hooks": {}\n}\n'],
  ['opencode.json', 'opencode', 'opencode.json', '{\n  "$schema": "https://opencode.ai/config.json"\n}\n'],
  [
    'opencode.jsonc',
    'opencode',
    'opencode.jsonc',
    '{\n  // models\n  "model": "a/b", /* which? */\n  "plugin": [\n    "other@1.2.3", // keep\n    ["./mine.ts", { "deep": true }],\n  ],\n}\n',
  ],
  ['no plugins', 'opencode', 'opencode.json', '{"plugin": []}'],
  ['blank lines only', 'opencode', 'opencode.json', '\n\n'],
  ["others' servers", 'mcp', '.mcp.json', '{"mcpServers": {"github": {"command": "gh-mcp"}}}\n'],
];

describe('of a file that is there', () => {
  beforeEach(() => mkdirSync(at('.claude')));

  test.each(FILES)('%s: undoing gives back every byte', (_, agent, path, text) => {
    writeFileSync(at(path), text, { mode: 0o640 });
    chmodSync(at(path), 0o640);

    install(agent, { mcp: agent === 'opencode' });
    expect(readFileSync(at(path), 'utf8')).not.toBe(text);
    expect(statSync(at(path)).mode & 0o777).toBe(0o640);
    undo(agent);

    expect(readFileSync(at(path), 'utf8')).toBe(text);
    expect(statSync(at(path)).mode & 0o777).toBe(0o640);
    expect(readdirSync(at(path, '..')).filter((name) => name.includes('memory-manager'))).toEqual([]);
  });

  test.each(FILES.filter(([, , , text]) => text.trim()))(
    '%s: a second time changes nothing',
    (_, agent, path, text) => {
      writeFileSync(at(path), text);
      install(agent);
      const once = readFileSync(at(path), 'utf8');

      expect(changes(agent)).toBe(0);
      install(agent);

      expect(readFileSync(at(path), 'utf8')).toBe(once);
      expect(readFileSync(`${at(path)}.before-memory-manager`, 'utf8')).toBe(text);
    },
  );

  test.each(FILES.filter(([, , , text]) => text.trim()))('%s: what was changed since stays', (_, agent, path, text) => {
    writeFileSync(at(path), text);
    install(agent);
    const changed = readFileSync(at(path), 'utf8').replace('{', '{\n  "since": true,');
    writeFileSync(at(path), changed);

    undo(agent);

    const left = readFileSync(at(path), 'utf8');
    expect(left).toContain('"since": true');
    expect(left).not.toMatch(/memory-manager|file:/);
    expect(changes(agent, { undo: true })).toBe(0);
  });

  test('its link stays a link', () => {
    writeFileSync(at('dotfiles.json'), '{"a": 1}');
    symlinkSync(at('dotfiles.json'), at('.claude', 'settings.json'));

    install('claude-code');

    expect(lstatSync(at('.claude', 'settings.json')).isSymbolicLink()).toBe(true);
    expect(json(at('dotfiles.json'))).toHaveProperty('hooks.Stop');
  });
});

describe('where no file is', () => {
  test.each([
    ['claude-code', '.claude/settings.json'],
    ['opencode', 'opencode.json'],
    ['mcp', '.mcp.json'],
  ] as const)('%s gets one, which goes again', (agent, path) => {
    install(agent);
    expect(json(at(path))).toBeTruthy();
    undo(agent);
    expect(existsSync(at(path))).toBe(false);
  });
});

describe('what is written', () => {
  test('Claude Code calls the hooks, and by the new path after a move', () => {
    install('claude-code');
    const { hooks } = json(at('.claude', 'settings.json'));
    expect(Object.keys(hooks)).toEqual(['SessionStart', 'UserPromptSubmit', 'Stop', 'PreCompact', 'SessionEnd']);
    expect(hooks.Stop).toEqual([
      {
        hooks: [
          { type: 'command', command: `${process.execPath} ${script} hook Stop --host claude-code`, timeout: 10 },
        ],
      },
    ]);

    mkdirSync(at('bin'));
    writeFileSync(at('bin', 'memory-manager'), '', { mode: 0o755 });
    install('claude-code', { environment: { PATH: at('bin') }, group: 'team' });

    const moved = json(at('.claude', 'settings.json')).hooks.Stop;
    expect(moved).toHaveLength(1);
    expect(moved[0].hooks[0].command).toBe('memory-manager hook Stop --group team --host claude-code');
    undo('claude-code');
    expect(existsSync(at('.claude', 'settings.json'))).toBe(false);
  });

  test('opencode gets the address of the plugin, and the server only if asked', () => {
    install('opencode');
    expect(json(at('opencode.json'))).toEqual({
      $schema: 'https://opencode.ai/config.json',
      plugin: [`file://${at('lib', 'memory-manager', 'dist', 'opencode.js')}`],
    });

    install('opencode', { mcp: true });
    expect(json(at('opencode.json')).mcp.memory).toEqual({
      type: 'local',
      command: [process.execPath, script, 'mcp', '--group', 'auto'],
      enabled: true,
      timeout: 3000,
    });
    expect(json(at('opencode.json')).plugin).toHaveLength(1);

    // Not asked for is not taken away; undoing takes both.
    expect(changes('opencode')).toBe(0);
    undo('opencode');
    expect(existsSync(at('opencode.json'))).toBe(false);
  });

  test('the user-wide files are where the agents look', () => {
    install('claude-code', { project: false });
    install('opencode', { project: false });
    expect(existsSync(at('home', '.claude', 'settings.json'))).toBe(true);
    expect(existsSync(at('home', '.config', 'opencode', 'opencode.json'))).toBe(true);

    const elsewhere = { HOME: at('home'), CLAUDE_CONFIG_DIR: at('c'), XDG_CONFIG_HOME: at('x') };
    install('claude-code', { project: false, environment: elsewhere });
    install('opencode', { project: false, environment: elsewhere });
    expect(existsSync(at('c', 'settings.json'))).toBe(true);
    expect(existsSync(at('x', 'opencode', 'opencode.json'))).toBe(true);
  });

  test('a server for any client is only shown', () => {
    const { changes: none, notes } = plan('mcp', { project: false });
    expect(none).toEqual([]);
    expect(notes.join('\n')).toContain('claude mcp add --scope user memory --');
    expect(JSON.parse(notes.at(-1) ?? '').mcpServers.memory.args).toContain('auto');
  });

  test("another's server of the same name is told and not overwritten", () => {
    writeFileSync(at('.mcp.json'), '{"mcpServers": {"memory": {"command": "other"}}}');
    expect(() => plan('mcp')).toThrow(/\.mcp\.json cannot be used: .*"memory"/);
  });
});

describe('refused, with nothing changed', () => {
  const refused = (agent: Agent, path: string, text: string | Uint8Array, why: RegExp) => {
    mkdirSync(at(path, '..'), { recursive: true });
    writeFileSync(at(path), text);
    const before = readFileSync(at(path));
    expect(() => install(agent)).toThrow(why);
    expect(readFileSync(at(path)).equals(before)).toBe(true);
    expect(readdirSync(at(path, '..')).filter((name) => name.includes('.before-'))).toEqual([]);
  };

  test('a broken file, with its line', () => {
    refused('opencode', 'opencode.jsonc', '{\n  "a": 1\n  "b": 2\n}', /opencode\.jsonc cannot be used: line 3: .*\./);
  });
  test("comments where Claude Code's settings take none", () => {
    refused('claude-code', '.claude/settings.json', '{\n  // mine\n  "a": 1\n}', /takes no comments/);
  });
  test('a configuration of OpenCode 2', () => {
    refused('opencode', 'opencode.json', '{"plugins": ["x"]}', /"plugins" and so belongs to OpenCode 2/);
  });
  test('another kind of value where the list belongs', () => {
    refused('opencode', 'opencode.json', '{"plugin": "x"}', /"plugin" is not a list/);
    refused('claude-code', '.claude/settings.json', '[]', /the document is not an object/);
  });
  test('what is not UTF-8', () => {
    refused('mcp', '.mcp.json', new Uint8Array([0x7b, 0xff, 0x7d]), /not UTF-8/);
  });
  test('a file that is read-only', () => {
    writeFileSync(at('opencode.json'), '{}', { mode: 0o444 });
    expect(() => install('opencode')).toThrow(/read-only; make it writable/);
    expect(readFileSync(at('opencode.json'), 'utf8')).toBe('{}');
    expect(readdirSync(folder).filter((name) => name.includes('.before-'))).toEqual([]);
  });
  test('a copy without the plugin', () => {
    rmSync(at('lib', 'memory-manager', 'dist', 'opencode.js'));
    expect(() => plan('opencode')).toThrow(/has no opencode plugin; build it/);
  });
});
