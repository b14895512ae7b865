import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AgentKind, serverCommand } from './coding-agent.ts';
import { startResponsesStub } from './responses.ts';

/** `codex exec`, with the approvals and the question about new hooks left out, which need a terminal. */
export const CODEX: AgentKind = {
  name: 'codex',
  startModel: startResponsesStub,
  async prepare({ home }, modelUrl) {
    await mkdir(join(home, '.codex'), { recursive: true });
    const config = `model = "stub"
model_provider = "stub"
check_for_update_on_startup = false

[model_providers.stub]
name = "Stub"
base_url = "${modelUrl}/v1"
wire_api = "responses"
env_key = "STUB_KEY"
request_max_retries = 0
stream_max_retries = 0
`;
    await writeFile(join(home, '.codex', 'config.toml'), config);
  },
  environment: () => ({ STUB_KEY: 'none' }),
  turn(prompt, session, options) {
    const flags = ['--json', '--dangerously-bypass-approvals-and-sandbox', '--dangerously-bypass-hook-trust'];
    return ['exec', ...(session ? ['resume'] : []), ...flags, ...options, ...(session ? [session] : []), prompt];
  },
  shell: (command) => ({ tool: 'exec_command', input: { cmd: command } }),
  subAgent({ last, isToolResult }) {
    const [, agent] = /"agent_id":"([^"]+)"/.exec(isToolResult ? last : '') ?? [];
    return agent
      ? { tool: 'multi_agent_v1/wait_agent', input: { targets: [agent], timeout_ms: 3_600_000 } }
      : { tool: 'multi_agent_v1/spawn_agent', input: { message: 'look for the secret cove' } };
  },
  isCompaction: ({ last }) => last.includes('CONTEXT CHECKPOINT COMPACTION'),
  // The stub reports 110 tokens for every answer.
  compact: (agent, session) =>
    agent.say('Go on.', { session, options: ['--config', 'model_auto_compact_token_limit=105'] }),
  addServer(agent) {
    const variables = Object.entries(agent.environment).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
    return agent.command('mcp', 'add', 'memory', ...variables, '--', ...serverCommand());
  },
  patientServers: ['--config', 'mcp_servers.memory.startup_timeout_sec=120'],
  memoryCommand: '$memory',
  sessionOf: (output) => /"thread_id":"([0-9a-f-]{36})"/.exec(output)?.[1],
};
