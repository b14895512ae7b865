import { isDeepStrictEqual } from 'node:util';
import { InvalidInputError } from '../../errors.ts';
import { type Path, removeEntries, setMember, valueAt } from './json-edit.ts';
import type { ConfigTarget } from './plan.ts';
import { type ProgramCommand, shellLine } from './program.ts';

/** The server's name, with which agents begin the names of its tools. */
export const MCP_SERVER_NAME = 'memory';

/** Milliseconds that a hanging server may delay opencode's first answer. Our server answers before it contacts a store. */
const OPENCODE_WAITS = 3_000;
/** Milliseconds that a client waits for a tool. */
const TOOL_WAITS = 30_000;

/** How a client starts the server. */
export function serverCommand(program: ProgramCommand, group: string | undefined): readonly [string, ...string[]] {
  return [...program, 'mcp', '--group', group ?? 'auto'];
}

/** `.mcp.json` as Claude Code and others read it: the servers of a project. */
export function projectServers(path: string, program: ProgramCommand, group: string | undefined): ConfigTarget {
  const [command, ...args] = serverCommand(program, group);
  return server(path, ['mcpServers'], { command, args, timeout: TOOL_WAITS }, 'json', '{}');
}

/** The entry in the configuration of opencode 1. OpenCode 2 understands it too. */
export function opencodeServer(
  path: string,
  program: ProgramCommand,
  group: string | undefined,
  fresh: string,
): ConfigTarget {
  const entry = { type: 'local', command: serverCommand(program, group), enabled: true, timeout: OPENCODE_WAITS };
  return server(path, ['mcp'], entry, 'jsonc', fresh);
}

/** The entry in the configuration of OpenCode 2. */
export function opencodeServer2(
  path: string,
  program: ProgramCommand,
  group: string | undefined,
  fresh: string,
): ConfigTarget {
  const timeout = { catalog: OPENCODE_WAITS, execution: TOOL_WAITS };
  const entry = { type: 'local', command: serverCommand(program, group), timeout };
  return server(path, ['mcp', 'servers'], entry, 'jsonc', fresh);
}

/** The entry for an unknown client. */
export function configSnippet(program: ProgramCommand, group: string | undefined): string {
  const [command, ...args] = serverCommand(program, group);
  return JSON.stringify({ mcpServers: { [MCP_SERVER_NAME]: { command, args, timeout: TOOL_WAITS } } }, null, 2);
}

/** The command with which Claude Code takes the server for all projects. */
export function claudeCommand(program: ProgramCommand, group: string | undefined): string {
  return shellLine([
    'claude',
    'mcp',
    'add',
    '--scope',
    'user',
    MCP_SERVER_NAME,
    '--',
    ...serverCommand(program, group),
  ]);
}

/** The command with which Codex takes the server for all projects. */
export function codexCommand(program: ProgramCommand, group: string | undefined): string {
  return shellLine(['codex', 'mcp', 'add', MCP_SERVER_NAME, '--', ...serverCommand(program, group)]);
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
    has: (text) => isDeepStrictEqual(valueAt(text, [...holder, MCP_SERVER_NAME]), entry),
    add: (text) => {
      if (valueAt(text, [...holder, MCP_SERVER_NAME]) !== undefined)
        throw new InvalidInputError(
          `it has another "${MCP_SERVER_NAME}" in "${holder.join('.')}"; give that one another name first`,
        );
      return setMember(text, holder, MCP_SERVER_NAME, entry);
    },
    remove: (text) => removeEntries(text, holder, (value, key) => key === MCP_SERVER_NAME && isOurs(value)),
  };
}

/** Another server may also be named `memory`. */
function isOurs(value: unknown): boolean {
  const { command, args = [] } = value as { command?: unknown; args?: unknown };
  const words = [command, args].flat();
  return words.includes('mcp') && words.includes('--group');
}
