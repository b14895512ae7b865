import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startAnthropicStub } from './anthropic.ts';
import { type AgentKind, serverCommand } from './coding-agent.ts';

/** `claude -p`, with the questions about permissions left out, which need a terminal. */
export const CLAUDE_CODE: AgentKind = {
  name: 'claude-code',
  startModel: startAnthropicStub,
  prepare: async ({ home }) => void (await mkdir(join(home, '.claude'), { recursive: true })),
  environment: (_, modelUrl) => ({
    ANTHROPIC_API_KEY: 'none',
    ANTHROPIC_BASE_URL: modelUrl,
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
    // All tools are in the request, and a server has time to start.
    ENABLE_TOOL_SEARCH: 'false',
    MCP_TIMEOUT: '120000',
    // Without it the program refuses to skip permissions as root, and tests in containers often run as root.
    IS_SANDBOX: '1',
  }),
  turn: (prompt, session, options) => [
    ...['-p', '--output-format', 'json', '--dangerously-skip-permissions'],
    ...(session ? ['--resume', session] : []),
    ...options,
    ...['--', prompt],
  ],
  shell: (command) => ({ tool: 'Bash', input: { command, description: 'Runs a command' } }),
  subAgent: () => ({
    tool: 'Agent',
    input: { description: 'look', prompt: 'look for the secret cove', subagent_type: 'general-purpose' },
  }),
  isCompaction: ({ last }) => last.includes('Respond with TEXT ONLY'),
  compact: (agent, session) => agent.say('/compact', { session }),
  addServer(agent) {
    const variables = Object.entries(agent.environment).map(([name, value]) => `--env=${name}=${value}`);
    return agent.command('mcp', 'add', '--scope', 'user', ...variables, 'memory', '--', ...serverCommand());
  },
  patientServers: [],
  memoryCommand: '/memory-manager',
  sessionOf: (output) => /"session_id":"([0-9a-f-]{36})"/.exec(output)?.[1],
};
