import { isDeepStrictEqual } from 'node:util';
import { InvalidInputError } from '../../errors.ts';
import { type Path, removeEntries, setMember, valueAt } from './json-edit.ts';
import type { ConfigTarget } from './plan.ts';
import { type Program, shellLine } from './program.ts';

/** The server's name, with which agents begin the names of its tools. */
export const SERVER = 'memory';

/** Milliseconds. The longest time that a hanging server delays opencode's first answer; ours answers before it asks a store. */
const OPENCODE_WAITS = 3_000;
/** Milliseconds that a client waits for a tool. */
const TOOL_WAITS = 30_000;

/** How a client starts the server. */
export function serverCommand(program: Program, group: string | undefined): readonly [string, ...string[]] {
  return [...program, 'mcp', '--group', group ?? 'auto'];
}

/** `.mcp.json` as Claude Code and others read it: the servers of a project. */
export function projectServers(path: string, program: Program, group: string | undefined): ConfigTarget {
  const [command, ...args] = serverCommand(program, group);
  return server(path, ['mcpServers'], { command, args, timeout: TOOL_WAITS }, 'json', '{}');
}

/** The entry in the configuration of opencode 1. OpenCode 2 understands it too. */
export function opencodeServer(path: string, program: Program, group: string | undefined, fresh: string): ConfigTarget {
  const entry = { type: 'local', command: serverCommand(program, group), enabled: true, timeout: OPENCODE_WAITS };
  return server(path, ['mcp'], entry, 'jsonc', fresh);
}

/** The entry in the configuration of OpenCode 2. */
export function opencodeServer2(
  path: string,
  program: Program,
  group: string | undefined,
  fresh: string,
): ConfigTarget {
  const timeout = { catalog: OPENCODE_WAITS, execution: TOOL_WAITS };
  const entry = { type: 'local', command: serverCommand(program, group), timeout };
  return server(path, ['mcp', 'servers'], entry, 'jsonc', fresh);
}

/** The entry for an unknown client. */
export function configSnippet(program: Program, group: string | undefined): string {
  const [command, ...args] = serverCommand(program, group);
  return JSON.stringify({ mcpServers: { [SERVER]: { command, args, timeout: TOOL_WAITS } } }, null, 2);
}

/** The command with which Claude Code takes the server for all projects. */
export function claudeCommand(program: Program, group: string | undefined): string {
  return shellLine(['claude', 'mcp', 'add', '--scope', 'user', SERVER, '--', ...serverCommand(program, group)]);
}

/** The command with which Codex takes the server for all projects. */
export function codexCommand(program: Program, group: string | undefined): string {
  return shellLine(['codex', 'mcp', 'add', SERVER, '--', ...serverCommand(program, group)]);
}

function server(
  path: string,
  holder: Path,
  entry: object,
  format: ConfigTarget['format'],
  fresh: string,
): ConfigTarget {
  return {
    path,
    format,
    fresh,
    has: (text) => isDeepStrictEqual(valueAt(text, [...holder, SERVER]), entry),
    add: (text) => {
      if (valueAt(text, [...holder, SERVER]) !== undefined)
        throw new InvalidInputError(
          `it has another "${SERVER}" in "${holder.join('.')}"; give that one another name first`,
        );
      return setMember(text, holder, SERVER, entry);
    },
    remove: (text) => removeEntries(text, holder, (value, key) => key === SERVER && isOurs(value)),
  };
}

/** Others may have called theirs `memory` too. */
function isOurs(value: unknown): boolean {
  const { command, args = [] } = value as { command?: unknown; args?: unknown };
  const words = [command, args].flat();
  return words.includes('mcp') && words.includes('--group');
}
