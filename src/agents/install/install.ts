import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as z from 'zod/mini';
import { ConfigError } from '../../errors.ts';
import { agentHooks, type HookHost } from './hooks.ts';
import { claudeCommand, codexCommand, configSnippet, projectServers } from './mcp.ts';
import { memoryCommand } from './memory-command.ts';
import { configFile, hasServer, opencodePlugin } from './opencode.ts';
import { opencodeMajor } from './opencode-version.ts';
import { applyChange, type ConfigTarget, type FileChange, planInstall, planUninstall } from './plan.ts';
import { findProgram, isInNpxCache, packageFolder, sharedProgram } from './program.ts';

export type Agent = 'opencode' | 'claude-code' | 'codex' | 'mcp';

export interface InstallOptions {
  readonly agent: Agent;
  /** The working directory's configuration instead of the user's. */
  readonly project: boolean;
  readonly undo: boolean;
  /** Also install the MCP server. */
  readonly mcp: boolean;
  /** Undefined: each project has its own. */
  readonly group: string | undefined;
  readonly directory: string;
  /** The file that runs now. */
  readonly script: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** A planned change. */
export interface Installation {
  readonly changes: readonly FileChange[];
  /** Steps that are left to the user, and notices, line by line. */
  readonly notes: readonly string[];
  /** Carries out the change. @throws ConfigError */
  make(): void;
}

/** Plans the change of an agent's configuration. @throws InvalidInputError, ConfigError with nothing changed */
export function planInstallation(options: InstallOptions): Installation {
  const targets = targetsOf(options);
  const changes = targets.map((target) => (options.undo ? planUninstall(target) : planInstall(target)));
  return {
    changes,
    notes: notesOf(options),
    make: () => {
      for (const [index, change] of changes.entries()) {
        const target = targets[index];
        if (target) applyChange(change, target, options.undo);
      }
    },
  };
}

function targetsOf(options: InstallOptions): ConfigTarget[] {
  const { agent, project, mcp, group, directory, script, environment, undo } = options;
  const program = () => (project ? sharedProgram(environment, undo) : findProgram(script, environment));
  const home = environment.HOME || homedir();
  const hooked = (host: HookHost, folder: string) => [
    agentHooks(host, folder, program(), group),
    memoryCommand(host, folder, program(), group),
  ];
  const servers = () => projectServers(join(directory, '.mcp.json'), program(), group);
  if (agent === 'mcp') return project ? [servers()] : [];
  if (agent === 'claude-code') {
    const user = environment.CLAUDE_CONFIG_DIR || join(home, '.claude');
    const own = hooked(agent, project ? join(directory, '.claude') : user);
    return project && mcp ? [...own, servers()] : own;
  }
  if (agent === 'codex') {
    const user = environment.CODEX_HOME || join(home, '.codex');
    return hooked(agent, project ? join(directory, '.codex') : user);
  }
  const user = join(environment.XDG_CONFIG_HOME || join(home, '.config'), 'opencode');
  const folder = pluginOf(script);
  if (!folder && !undo)
    throw new ConfigError(
      'This copy of memory-manager has no opencode plugin; build it with npm run build, or install the package.',
    );
  const plugin = folder && (project ? sharedPlugin(folder, directory, undo) : pathToFileURL(folder).href);
  const path = configFile(project ? directory : user);
  const withServer = mcp || (undo && hasServer(path));
  const found = () => opencodeMajor(environment);
  return [opencodePlugin(path, plugin, withServer ? { program: program(), group } : undefined, found)];
}

/** The plugin's folder in a file that a team shares: relative to the project. */
function sharedPlugin(folder: string, directory: string, undo: boolean): string {
  const inside = relative(realpathSync(directory), folder);
  if (!undo && (inside.startsWith('..') || isAbsolute(inside)))
    throw new ConfigError(
      "A project's opencode.json is shared and cannot name a place on this machine. Leave out --project, or first run `npm install --save-dev` with the path of your clone in this project.",
    );
  return `./${inside.split(sep).join('/')}`;
}

const manifest = z.object({ exports: z.object({ './opencode': z.object({ default: z.string() }) }) });

/**
 * The plugin's folder; undefined if the plugin is not built. Both major versions of opencode load a folder by its path without asking a
 * registry; OpenCode 2 does not accept the path of a file.
 */
function pluginOf(script: string): string | undefined {
  const folder = packageFolder(script);
  const known =
    folder === undefined
      ? undefined
      : manifest.safeParse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')));
  if (!known?.success) return undefined;
  const plugin = join(folder ?? '', known.data.exports['./opencode'].default).replace(/\.js$/, '');
  return existsSync(join(plugin, 'index.js')) ? plugin : undefined;
}

function notesOf({ agent, project, mcp, group, undo, script, environment }: InstallOptions): string[] {
  const program = findProgram(script, environment);
  const notes: string[] = [];
  if (agent === 'codex' && !undo)
    notes.push(
      'Codex asks at its next start whether to trust the new hooks. They run after you agree; /hooks lists them.',
    );
  if (agent === 'codex' && mcp)
    notes.push(
      undo ? 'Take the MCP server out: codex mcp remove memory' : `Add the MCP server: ${codexCommand(program, group)}`,
    );
  const ownServers = agent === 'mcp' || (agent === 'claude-code' && mcp);
  if (ownServers && !project)
    notes.push(
      ...(undo
        ? ['Take the server out of your client; in Claude Code: claude mcp remove --scope user memory']
        : [
            `Claude Code, all projects: ${claudeCommand(program, group)}`,
            'Any other client:',
            configSnippet(program, group),
          ]),
    );
  if (isInNpxCache(program) && !undo)
    notes.push(
      'The program lies in a cache that npm may clear; run `npm install -g .` in a clone for a place that stays.',
    );
  return notes;
}

/** A path as a user in that folder would write it. */
export function displayPath(path: string, directory: string): string {
  const near = relative(directory, path);
  return near.startsWith('..') ? path : near;
}
