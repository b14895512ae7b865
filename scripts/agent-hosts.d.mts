export type AgentHost = 'opencode' | 'claude-code' | 'codex';
/** The releases that the tests run and the docs name. */
export const AGENT_HOSTS: Readonly<Record<AgentHost, { readonly package: string; readonly version: string }>>;
/** The program of an agent; undefined if it is not installed or has none for this machine. */
export function agentProgram(name: AgentHost): string | undefined;
