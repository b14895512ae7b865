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
  mkdirSync(join(root, 'dist', 'opencode'));
  writeFileSync(join(root, 'dist', 'opencode', 'index.js'), '');
  script = join(root, 'dist', 'bin', 'main.cjs');
  writeFileSync(script, '');
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(folder, 'bin', 'memory-manager'), '', { mode: 0o755 });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (...parts: string[]) => join(folder, ...parts);
/** The address of the plugin's folder in a file of the user's own. */
const PLUGIN = () => `file://${at('lib', 'memory-manager', 'dist', 'opencode')}`;
/** The same in a file of the project. */
const SHARED_PLUGIN = './lib/memory-manager/dist/opencode';
const plan = (agent: Agent, options: Partial<InstallOptions> = {}) =>
  planInstallation({
    agent,
    project: true,
    undo: false,
    mcp: false,
    group: undefined,
    directory: folder,
    script,
    environment: { HOME: at('home'), PATH: at('bin') },
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
  [
    'a configuration of OpenCode 2',
    'opencode',
    'opencode.jsonc',
    '{\n  "plugins": [\n    "other", // keep\n    { "package": "./mine", "options": { "deep": true } }\n  ],\n  "mcp": { "servers": { "github": { "type": "local", "command": ["gh-mcp"] } } }\n}\n',
  ],
  ['blank lines only', 'opencode', 'opencode.json', '\n\n'],
  ["others' servers", 'mcp', '.mcp.json', '{"mcpServers": {"github": {"command": "gh-mcp"}}}\n'],
];

describe('an existing configuration file', () => {
  beforeEach(() => mkdirSync(at('.claude')));

  test.each(FILES)('%s: is restored exactly by uninstall', (_, agent, path, text) => {
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
    '%s: is not changed by a second install',
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

  test.each(FILES.filter(([, , , text]) => text.trim()))('%s: keeps later changes', (_, agent, path, text) => {
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

  test('stays a symbolic link', () => {
    writeFileSync(at('dotfiles.json'), '{"a": 1}');
    symlinkSync(at('dotfiles.json'), at('.claude', 'settings.json'));

    install('claude-code');

    expect(lstatSync(at('.claude', 'settings.json')).isSymbolicLink()).toBe(true);
    expect(json(at('dotfiles.json'))).toHaveProperty('hooks.Stop');
  });
});

describe('without a configuration file', () => {
  test.each([
    ['claude-code', '.claude/settings.json'],
    ['opencode', 'opencode.json'],
    ['mcp', '.mcp.json'],
  ] as const)('%s gets one, and uninstall removes it', (agent, path) => {
    install(agent);
    expect(json(at(path))).toBeTruthy();
    undo(agent);
    expect(existsSync(at(path))).toBe(false);
  });
});

describe('the configuration', () => {
  test('of Claude Code runs the hooks, from the new path after a move', () => {
    const nowhere = { project: false, environment: { HOME: at('home'), PATH: '' } };
    install('claude-code', nowhere);
    const { hooks } = json(at('home', '.claude', 'settings.json'));
    expect(Object.keys(hooks)).toEqual(['SessionStart', 'UserPromptSubmit', 'Stop', 'PreCompact', 'SessionEnd']);
    expect(hooks.Stop).toEqual([
      {
        hooks: [
          { type: 'command', command: `${process.execPath} ${script} hook Stop --host claude-code`, timeout: 10 },
        ],
      },
    ]);

    install('claude-code', { project: false, group: 'team' });

    const moved = json(at('home', '.claude', 'settings.json')).hooks.Stop;
    expect(moved).toHaveLength(1);
    expect(moved[0].hooks[0].command).toBe('memory-manager hook Stop --group team --host claude-code');
    undo('claude-code', { project: false });
    expect(existsSync(at('home', '.claude', 'settings.json'))).toBe(false);
  });

  test('of Codex has the same hooks in its own file, and lines for its MCP server', () => {
    const { notes } = plan('codex', { project: false, mcp: true });
    install('codex', { project: false });
    const { hooks } = json(at('home', '.codex', 'hooks.json'));

    expect(Object.keys(hooks)).toEqual(['SessionStart', 'UserPromptSubmit', 'Stop', 'PreCompact', 'SessionEnd']);
    // Codex says at every start that it allows no more.
    expect(hooks.SessionEnd[0].hooks).toEqual([
      { type: 'command', command: 'memory-manager hook SessionEnd --host codex', timeout: 3 },
    ]);
    expect(notes.join('\n')).toMatch(/trust[\s\S]*codex mcp add memory -- memory-manager mcp --group auto/);
    undo('codex', { project: false });
    expect(existsSync(at('home', '.codex', 'hooks.json'))).toBe(false);
  });

  test.each([
    ['claude-code', '.claude/commands/memory-manager.md', '"/memory-manager forget <what>"'],
    ['codex', '.codex/skills/memory/SKILL.md', '"$memory forget <what>"'],
  ] as const)('of %s includes the memory command, and keeps an existing command of that name', (agent, path, words) => {
    install(agent, { project: false, group: 'team' });
    const text = readFileSync(at('home', path), 'utf8');
    expect(text).toContain(words);
    expect(text).toContain('`memory-manager query "<words>" --group team`');
    expect(changes(agent, { project: false, group: 'team' })).toBe(0);

    install(agent, { project: false });
    expect(readFileSync(at('home', path), 'utf8')).toContain('`memory-manager episode --group auto`');
    expect(changes(agent, { project: false })).toBe(0);
    undo(agent, { project: false });
    expect(existsSync(at('home', path))).toBe(false);

    mkdirSync(at('home', path, '..'), { recursive: true });
    writeFileSync(at('home', path), 'Print the free memory.');
    expect(() => install(agent, { project: false })).toThrow(/another command/);
    expect(readFileSync(at('home', path), 'utf8')).toBe('Print the free memory.');
  });

  test.each([
    ['claude-code', ['.claude/settings.json', '.claude/commands/memory-manager.md', '.mcp.json']],
    ['codex', ['.codex/hooks.json', '.codex/skills/memory/SKILL.md']],
    ['opencode', ['opencode.json']],
    ['mcp', ['.mcp.json']],
  ] as const)('of a shared project contains no path of this machine: %s', (agent, paths) => {
    install(agent, { mcp: true });

    for (const path of paths) {
      const text = readFileSync(at(path), 'utf8');
      expect(text).toContain('memory-manager');
      expect(text).not.toContain(folder);
      expect(text).not.toContain(process.execPath);
    }
    undo(agent, { mcp: true });
  });

  test.each(['claude-code', 'codex', 'mcp'] as const)(
    'of a shared project is refused for %s if it would need such a path, and nothing is changed',
    (agent) => {
      const environment = { HOME: at('home'), PATH: '' };
      expect(() => plan(agent, { environment })).toThrow(/shared.*not on the PATH.*npm install -g/);
      expect(plan(agent, { environment, undo: true }).changes.every(({ before, after }) => before === after)).toBe(
        true,
      );
    },
  );

  test('of a shared project includes no opencode plugin from outside the project', () => {
    mkdirSync(at('project'));
    expect(() => plan('opencode', { directory: at('project') })).toThrow(/opencode\.json is shared/);
  });

  test('of opencode has the path of the plugin, and the MCP server only on request', () => {
    install('opencode');
    expect(json(at('opencode.json'))).toEqual({
      $schema: 'https://opencode.ai/config.json',
      plugin: [SHARED_PLUGIN],
    });

    install('opencode', { mcp: true });
    expect(json(at('opencode.json')).mcp.memory).toEqual({
      type: 'local',
      command: ['memory-manager', 'mcp', '--group', 'auto'],
      enabled: true,
      timeout: 3000,
    });
    expect(json(at('opencode.json')).plugin).toHaveLength(1);

    // Not asked for is not taken away; undoing takes both.
    expect(changes('opencode')).toBe(0);
    undo('opencode');
    expect(existsSync(at('opencode.json'))).toBe(false);
  });

  describe('of opencode has the format of the installed version', () => {
    const script = (name: string, prints: string) => {
      mkdirSync(at('bin'), { recursive: true });
      writeFileSync(at('bin', name), `#!/bin/sh\necho "${prints}"\n`, { mode: 0o755 });
    };
    const environment = () => ({ HOME: at('home'), PATH: at('bin') });
    const written = (options: Partial<InstallOptions> = {}) => {
      rmSync(at('opencode.json'), { force: true });
      install('opencode', { environment: environment(), ...options });
      return json(at('opencode.json'));
    };

    test('found from the version that it prints', () => {
      script('opencode', '1.18.33');
      expect(written()).toMatchObject({ plugin: [SHARED_PLUGIN] });
      script('opencode', 'opencode 2.3.0');
      expect(written()).not.toHaveProperty('plugin');
      expect(written()).toMatchObject({ plugins: [SHARED_PLUGIN] });
      expect(changes('opencode', { environment: environment() })).toBe(0);
    });

    test('found from its package, without starting it', () => {
      const root = at('lib', 'node_modules', '@opencode', 'cli');
      mkdirSync(join(root, 'bin'), { recursive: true });
      writeFileSync(join(root, 'package.json'), '{"name": "@opencode/cli", "version": "2.3.0"}');
      writeFileSync(join(root, 'bin', 'opencode'), `#!/bin/sh\ntouch ${at('started')}\n`, { mode: 0o755 });
      symlinkSync(join(root, 'bin', 'opencode'), at('bin', 'opencode'));

      expect(written()).toMatchObject({ plugins: [SHARED_PLUGIN] });
      expect(existsSync(at('started'))).toBe(false);
    });

    test('found from the name of version 2 before its release, where its installer puts it', () => {
      script('opencode2', '');
      expect(written()).toMatchObject({ plugins: [SHARED_PLUGIN] });

      mkdirSync(at('home', '.opencode', 'bin'), { recursive: true });
      writeFileSync(at('home', '.opencode', 'bin', 'opencode'), '#!/bin/sh\necho 1.18.33\n', { mode: 0o755 });
      expect(written()).toMatchObject({ plugin: [SHARED_PLUGIN] });
    });

    test('unless the existing file has the other format', () => {
      script('opencode', '2.3.0');
      writeFileSync(at('opencode.json'), '{"plugin": ["other"]}');
      install('opencode', { environment: environment() });
      expect(json(at('opencode.json'))).toEqual({ plugin: ['other', SHARED_PLUGIN] });
      expect(changes('opencode', { environment: environment() })).toBe(0);
    });

    test('and replaces the file of an earlier release, which OpenCode 2 refuses', () => {
      script('opencode', '2.3.0');
      writeFileSync(at('opencode.json'), `{"plugin": ["${PLUGIN()}.js"]}`);
      install('opencode', { environment: environment() });
      expect(json(at('opencode.json'))).toEqual({ plugins: [SHARED_PLUGIN] });
    });

    test('and keeps that file with its options for opencode 1', () => {
      script('opencode', '1.18.33');
      const text = `{"plugin": [["${SHARED_PLUGIN}.js", {"recall": false}]]}`;
      writeFileSync(at('opencode.json'), text);
      expect(changes('opencode', { environment: environment() })).toBe(0);
    });

    test('for the MCP server, too', () => {
      script('opencode', '2.3.0');
      expect(written({ mcp: true })).toMatchObject({
        plugins: [SHARED_PLUGIN],
        mcp: { servers: { memory: { type: 'local', timeout: { catalog: 3000, execution: 30_000 } } } },
      });
      undo('opencode', { environment: environment() });
      expect(existsSync(at('opencode.json'))).toBe(false);
    });
  });

  test('for the user is written where the agents read it', () => {
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

  test('for any other MCP client is only printed', () => {
    const { changes: none, notes } = plan('mcp', { project: false });
    expect(none).toEqual([]);
    expect(notes.join('\n')).toContain('claude mcp add --scope user memory --');
    expect(JSON.parse(notes.at(-1) ?? '').mcpServers.memory.args).toContain('auto');
  });

  test('with a different server of the same name is reported and not overwritten', () => {
    writeFileSync(at('.mcp.json'), '{"mcpServers": {"memory": {"command": "other"}}}');
    expect(() => plan('mcp')).toThrow(/\.mcp\.json cannot be used: .*"memory"/);
  });
});

describe('install refuses, and changes nothing, for', () => {
  const refused = (agent: Agent, path: string, text: string | Uint8Array, why: RegExp) => {
    mkdirSync(at(path, '..'), { recursive: true });
    writeFileSync(at(path), text);
    const before = readFileSync(at(path));
    expect(() => install(agent)).toThrow(why);
    expect(readFileSync(at(path)).equals(before)).toBe(true);
    expect(readdirSync(at(path, '..')).filter((name) => name.includes('.before-'))).toEqual([]);
  };

  test('an invalid file, with its line', () => {
    refused('opencode', 'opencode.jsonc', '{\n  "a": 1\n  "b": 2\n}', /opencode\.jsonc cannot be used: line 3: .*\./);
  });
  test("comments where Claude Code's settings allow none", () => {
    refused('claude-code', '.claude/settings.json', '{\n  // mine\n  "a": 1\n}', /takes no comments/);
  });
  test('a value of another type in place of the list', () => {
    refused('opencode', 'opencode.json', '{"plugin": "x"}', /"plugin" is not a list/);
    refused('opencode', 'opencode.json', '{"plugins": "x"}', /"plugins" is not a list/);
    refused('claude-code', '.claude/settings.json', '[]', /the document is not an object/);
  });
  test('a file that is not UTF-8', () => {
    refused('mcp', '.mcp.json', new Uint8Array([0x7b, 0xff, 0x7d]), /not UTF-8/);
  });
  test('a read-only file', () => {
    writeFileSync(at('opencode.json'), '{}', { mode: 0o444 });
    expect(() => install('opencode')).toThrow(/read-only; make it writable/);
    expect(readFileSync(at('opencode.json'), 'utf8')).toBe('{}');
    expect(readdirSync(folder).filter((name) => name.includes('.before-'))).toEqual([]);
  });
  test('a copy without the plugin', () => {
    rmSync(at('lib', 'memory-manager', 'dist', 'opencode'), { recursive: true });
    expect(() => plan('opencode')).toThrow(/has no opencode plugin; build it/);
  });
});
