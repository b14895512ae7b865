import { type HookHost, hookEntries } from '../../src/agents/install/hooks.ts';
import { MCP_SERVER_NAME, serverCommand } from '../../src/agents/install/mcp.ts';
import { memoryCommandText } from '../../src/agents/install/memory-command.ts';
import type { ProgramCommand } from '../../src/agents/install/program.ts';

interface Package {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly author: string;
  readonly keywords: readonly string[];
  readonly mcpName: string;
}

/** A plugin is installed on other machines, so that it can only name the program. */
const PROGRAM: ProgramCommand = ['memory-manager'];
const NAME = 'memory-manager';
/** One folder for both agents. Neither takes the repository's root, which they would copy with all that is in it. */
const FOLDER = 'plugin';
const SHORT = 'Long-term memory for coding agents: stores turns, briefs new sessions.';

/**
 * The plugins of Claude Code and Codex with the lists by which both find them, and the server's entry for the MCP registry, by path. All have the
 * version of the package.
 */
export function pluginFiles(packageJson: string): Record<string, () => string> {
  const { name, version, description, license, author, keywords, mcpName } = JSON.parse(packageJson) as Package;
  const manifest = (host: HookHost) => ({
    ...{ name: NAME, version, description, author: { name: author }, license, keywords },
    ...{ hooks: `./hooks/${host}.json`, mcpServers: './.mcp.json' },
    // Claude Code finds the command by itself, and would also take a folder named `skills`.
    ...(host === 'codex' && { skills: './codex-skills/' }),
  });
  const [command, ...args] = serverCommand(PROGRAM, undefined);
  const files: Readonly<Record<string, object>> = {
    '.claude-plugin/marketplace.json': {
      ...{ name: NAME, owner: { name: author }, metadata: { description: SHORT, version } },
      plugins: [{ name: NAME, source: `./${FOLDER}`, description: SHORT, version }],
    },
    '.agents/plugins/marketplace.json': {
      ...{ name: NAME, interface: { displayName: NAME } },
      plugins: [
        {
          ...{ name: NAME, source: { source: 'local', path: `./${FOLDER}` } },
          ...{ policy: { installation: 'AVAILABLE', authentication: 'ON_INSTALL' }, category: 'Productivity' },
        },
      ],
    },
    [`${FOLDER}/.claude-plugin/plugin.json`]: manifest('claude-code'),
    [`${FOLDER}/.codex-plugin/plugin.json`]: manifest('codex'),
    [`${FOLDER}/hooks/claude-code.json`]: { hooks: hooksOf('claude-code') },
    [`${FOLDER}/hooks/codex.json`]: { hooks: hooksOf('codex') },
    [`${FOLDER}/.mcp.json`]: { mcpServers: { [MCP_SERVER_NAME]: { command, args } } },
    'server.json': {
      $schema: 'https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json',
      ...{ name: mcpName, description: SHORT, version },
      packages: [
        {
          ...{ registryType: 'npm', identifier: name, version, transport: { type: 'stdio' } },
          packageArguments: args.map((value) => ({ type: 'positional', value })),
        },
      ],
    },
  };
  const texts: Readonly<Record<string, string>> = {
    [`${FOLDER}/commands/memory.md`]: memoryCommandText('claude-code', `/${NAME}:memory`, PROGRAM, undefined),
    [`${FOLDER}/codex-skills/memory/SKILL.md`]: memoryCommandText('codex', `$${NAME}:memory`, PROGRAM, undefined),
  };
  return Object.fromEntries([
    ...Object.entries(files).map(([path, value]) => [path, () => `${JSON.stringify(value, null, 2)}\n`] as const),
    ...Object.entries(texts).map(([path, text]) => [path, () => text] as const),
  ]);
}

function hooksOf(host: HookHost): Record<string, readonly object[]> {
  const entries = Object.entries(hookEntries(host, PROGRAM, undefined));
  return Object.fromEntries(entries.map(([event, entry]) => [event, [entry]]));
}
