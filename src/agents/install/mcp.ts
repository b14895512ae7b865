import { isDeepStrictEqual } from 'node:util';
import { InvalidInputError } from '../../errors.ts';
import { drop, put, valueAt } from './edit.ts';
import type { Target } from './plan.ts';
import { type Program, shellLine } from './program.ts';

/** The server's name, with which agents begin the names of its tools. */
export const SERVER = 'memory';

/** Milliseconds. A server that hangs delays opencode's first answer so long at most; ours answers before it asks a store. */
const OPENCODE_WAITS = 3_000;
/** Milliseconds that a client waits for a tool. */
const TOOL_WAITS = 30_000;

/** How a client starts the server. */
export function serverWords(program: Program, group: string | undefined): readonly [string, ...string[]] {
  return [...program, 'mcp', '--group', group ?? 'auto'];
}

/** `.mcp.json` as Claude Code and others read it: the servers of a project. */
export function projectServers(path: string, program: Program, group: string | undefined): Target {
  const [command, ...args] = serverWords(program, group);
  return server(path, 'mcpServers', { command, args, timeout: TOOL_WAITS }, true, '{}');
}

/** The entry in opencode's configuration. */
export function opencodeServer(path: string, program: Program, group: string | undefined, fresh: string): Target {
  const entry = { type: 'local', command: serverWords(program, group), enabled: true, timeout: OPENCODE_WAITS };
  return server(path, 'mcp', entry, false, fresh);
}

/** What to write for a client that nobody knows here. */
export function snippet(program: Program, group: string | undefined): string {
  const [command, ...args] = serverWords(program, group);
  return JSON.stringify({ mcpServers: { [SERVER]: { command, args, timeout: TOOL_WAITS } } }, null, 2);
}

/** The command with which Claude Code takes the server for all projects. */
export function claudeCommand(program: Program, group: string | undefined): string {
  return shellLine(['claude', 'mcp', 'add', '--scope', 'user', SERVER, '--', ...serverWords(program, group)]);
}

function server(path: string, holder: string, entry: object, strict: boolean, fresh: string): Target {
  return {
    path,
    strict,
    fresh,
    has: (text) => isDeepStrictEqual(valueAt(text, [holder, SERVER]), entry),
    add: (text) => {
      if (valueAt(text, [holder, SERVER]) !== undefined)
        throw new InvalidInputError(`it has another "${SERVER}" in "${holder}"; give that one another name first`);
      return put(text, [holder], SERVER, entry);
    },
    remove: (text) => drop(text, [holder], (value, key) => key === SERVER && isOurs(value)),
  };
}

/** Others may have called theirs `memory` too. */
function isOurs(value: unknown): boolean {
  const { command, args = [] } = value as { command?: unknown; args?: unknown };
  const words = [command, args].flat();
  return words.includes('mcp') && words.includes('--group');
}
