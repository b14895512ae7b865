import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as z from 'zod/mini';
import { ConfigError } from '../../errors.ts';
import { claudeHooks } from './claude-code.ts';
import { claudeCommand, projectServers, snippet } from './mcp.ts';
import { configFile, hasServer, opencodePlugin } from './opencode.ts';
import { carryOut, type FileChange, type Target, toInstall, toUndo } from './plan.ts';
import { findProgram, isPassing, packageFolder } from './program.ts';

export type Agent = 'opencode' | 'claude-code' | 'mcp';

export interface InstallOptions {
  readonly agent: Agent;
  /** The working directory's configuration instead of the user's. */
  readonly project: boolean;
  readonly undo: boolean;
  /** The MCP server too. */
  readonly mcp: boolean;
  /** Undefined: each project has its own. */
  readonly group: string | undefined;
  readonly directory: string;
  /** The file that runs now. */
  readonly script: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** A change that nobody has made yet. */
export interface Installation {
  readonly changes: readonly FileChange[];
  /** What is left for the user to do or to know, line by line. */
  readonly notes: readonly string[];
  /** Makes it. @throws ConfigError */
  make(): void;
}

/** Works out what an agent's configuration becomes. @throws InvalidInputError, ConfigError with nothing changed */
export function planInstallation(options: InstallOptions): Installation {
  const targets = targetsOf(options);
  const changes = targets.map((target) => (options.undo ? toUndo(target) : toInstall(target)));
  return {
    changes,
    notes: notesOf(options),
    make: () => {
      for (const [index, change] of changes.entries()) {
        const target = targets[index];
        if (target) carryOut(change, target, options.undo);
      }
    },
  };
}

function targetsOf(options: InstallOptions): Target[] {
  const { agent, project, mcp, group, directory, script, environment, undo } = options;
  const program = findProgram(script, environment);
  const home = environment.HOME || homedir();
  const servers = () => projectServers(join(directory, '.mcp.json'), program, group);
  if (agent === 'mcp') return project ? [servers()] : [];
  if (agent === 'claude-code') {
    const user = environment.CLAUDE_CONFIG_DIR || join(home, '.claude');
    const hooks = claudeHooks(project ? join(directory, '.claude') : user, program, group);
    return project && mcp ? [hooks, servers()] : [hooks];
  }
  const user = join(environment.XDG_CONFIG_HOME || join(home, '.config'), 'opencode');
  const plugin = pluginOf(script);
  if (!plugin && !undo)
    throw new ConfigError(
      'This copy of memory-manager has no opencode plugin; build it with npm run build, or install the package.',
    );
  const path = configFile(project ? directory : user);
  const withServer = mcp || (undo && hasServer(path));
  return [opencodePlugin(path, plugin, withServer ? { program, group } : undefined)];
}

const manifest = z.object({ exports: z.object({ './opencode': z.object({ default: z.string() }) }) });

/** opencode takes a file's address as it stands and asks no registry for it. Undefined where it is not built. */
function pluginOf(script: string): string | undefined {
  const folder = packageFolder(script);
  const known =
    folder === undefined
      ? undefined
      : manifest.safeParse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')));
  const file = known?.success && join(folder ?? '', known.data.exports['./opencode'].default);
  return file && existsSync(file) ? pathToFileURL(file).href : undefined;
}

function notesOf({ agent, project, mcp, group, undo, script, environment }: InstallOptions): string[] {
  const program = findProgram(script, environment);
  const notes: string[] = [];
  const ownServers = agent === 'mcp' || (agent === 'claude-code' && mcp);
  if (ownServers && !project)
    notes.push(
      ...(undo
        ? ['Take the server out of your client; in Claude Code: claude mcp remove --scope user memory']
        : [
            `Claude Code, all projects: ${claudeCommand(program, group)}`,
            'Any other client:',
            snippet(program, group),
          ]),
    );
  if (isPassing(program) && !undo)
    notes.push('It runs from a cache that npm may clear; npm install -g memory-manager is a place that stays.');
  return notes;
}

/** A path as a person of that folder would write it. */
export function shownPath(path: string, directory: string): string {
  const near = relative(directory, path);
  return near.startsWith('..') ? path : near;
}
