import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigError, InvalidInputError } from '../../errors.ts';
import { readOptionalFile, realPath, repositoryOf } from '../git.ts';
import { areHooksOff, HOOKED_EVENTS, installedHooks } from './hooks.ts';
import { installedPlugins } from './opencode.ts';
import { isOnPath, missingProgramPart, shellWords } from './program.ts';
import { readText } from './text-file.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** A configuration file in which the memory is connected, or which cannot be read. */
export interface AgentConnection {
  readonly path: string;
  /** The memory that the configuration names; undefined: each project has its own. */
  readonly group?: string | undefined;
  /** Why the connection cannot work, in a clause; none if it can. */
  readonly faults: readonly string[];
}

/** An agent on this machine. */
export interface AgentState {
  readonly name: string;
  /** The argument of `memory-manager install`. */
  readonly install: string;
  readonly isInstalled: boolean;
  /** Of this user and of the folder's project. */
  readonly connections: readonly AgentConnection[];
}

/** Which agents there are, and whether the memory is connected to them in this folder. Reads files only and never throws. */
export function inspectAgents(directory: string, environment: Environment): readonly AgentState[] {
  const home = environment.HOME || homedir();
  const root = repositoryOf(realPath(directory))?.root ?? directory;
  const folders = [...new Set([realPath(root), realPath(directory)])];
  return [
    claudeCode(folders, environment.CLAUDE_CONFIG_DIR || join(home, '.claude'), environment),
    opencode(folders, join(environment.XDG_CONFIG_HOME || join(home, '.config'), 'opencode'), home, environment),
    codex(folders, environment.CODEX_HOME || join(home, '.codex'), environment),
  ];
}

function claudeCode(folders: readonly string[], user: string, environment: Environment): AgentState {
  const files = [
    join(user, 'settings.json'),
    ...folders.flatMap((folder) =>
      ['settings.json', 'settings.local.json'].map((name) => join(folder, '.claude', name)),
    ),
  ];
  return {
    name: 'Claude Code',
    install: 'claude-code',
    isInstalled: isOnPath('claude', environment) || existsSync(user),
    connections: connectionsIn(files, (path, text) => hookConnections(path, text, environment)),
  };
}

function hookConnections(path: string, text: string, environment: Environment): readonly AgentConnection[] {
  const hooks = installedHooks(text);
  if (hooks.size === 0) return [];
  const [command = ''] = hooks.values();
  const words = shellWords(command);
  const missing = missingProgramPart(words.slice(0, words.lastIndexOf('hook')), environment);
  const lacking = HOOKED_EVENTS.filter((event) => !hooks.has(event));
  const faults = [
    ...(missing ? [`its hooks start ${missing}, which is not there`] : []),
    ...(lacking.length > 0 ? [`it lacks the hooks for ${lacking.join(', ')}`] : []),
    ...(areHooksOff(text) ? ['its disableAllHooks switches all hooks off'] : []),
  ];
  return [{ path, group: optionOf(words, '--group'), faults }];
}

function opencode(folders: readonly string[], user: string, home: string, environment: Environment): AgentState {
  const files = [user, ...folders].flatMap((folder) =>
    ['opencode.json', 'opencode.jsonc'].map((name) => join(folder, name)),
  );
  return {
    name: 'opencode',
    install: 'opencode',
    isInstalled: isOnPath('opencode', environment) || existsSync(user) || existsSync(join(home, '.opencode')),
    connections: connectionsIn(files, (path, text) =>
      installedPlugins(text).map(({ address, group }) => ({ path, group, faults: faultsOfPlugin(address) })),
    ),
  };
}

function faultsOfPlugin(address: string): string[] {
  if (!address.startsWith('file:')) return [];
  try {
    const file = fileURLToPath(address);
    return existsSync(file) ? [] : [`its plugin is ${file}, which is not there`];
  } catch {
    return [`its plugin ${address} is not the address of a file`];
  }
}

function codex(folders: readonly string[], user: string, environment: Environment): AgentState {
  const files = [user, ...folders.map((folder) => join(folder, '.codex'))].map((folder) => join(folder, 'hooks.json'));
  return {
    name: 'Codex',
    install: 'codex',
    isInstalled: isOnPath('codex', environment) || existsSync(user),
    connections: [
      ...connectionsIn(files, (path, text) => hookConnections(path, text, environment)),
      ...inCodexConfig(join(user, 'config.toml')),
    ],
  };
}

/** Hooks or the MCP server in Codex's TOML. The text of our commands is enough to recognize them. */
function inCodexConfig(path: string): readonly AgentConnection[] {
  const text = readOptionalFile(path) ?? '';
  return /\bhook \w+ .*--host codex|"mcp", *"--group"/.test(text) ? [{ path, faults: [] }] : [];
}

function connectionsIn(
  paths: readonly string[],
  read: (path: string, text: string) => readonly AgentConnection[],
): readonly AgentConnection[] {
  return paths.flatMap((path) => {
    try {
      const text = readText(path);
      return text?.trim() ? read(path, text) : [];
    } catch (error) {
      if (!(error instanceof InvalidInputError || error instanceof ConfigError)) throw error;
      return [{ path, faults: [`it cannot be read: ${error.message.replace(/[.;].*$/s, '')}`] }];
    }
  });
}

function optionOf(words: readonly string[], option: string): string | undefined {
  const place = words.indexOf(option);
  return place < 0 ? undefined : words[place + 1];
}
