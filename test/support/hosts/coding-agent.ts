import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, inject } from 'vitest';
import { type AgentHost, agentProgram } from '../../../scripts/agent-hosts.mjs';
import { MINUTE } from '../../../src/time.ts';
import type { Stores } from '../stores.ts';
import type { AgentFolders } from './place.ts';
import { type ProjectMemory, useProjectMemory } from './project-memory.ts';
import type { ModelRequest, Reply, StubModel } from './stub-server.ts';

/** How to run an agent without a terminal and with a stub model only. */
export interface AgentKind {
  readonly name: AgentHost;
  startModel(reply: (request: ModelRequest) => Reply): Promise<StubModel>;
  /** Writes the agent's own configuration. */
  prepare(place: AgentFolders, modelUrl: string): Promise<void>;
  environment(place: AgentFolders, modelUrl: string): Record<string, string>;
  /** The arguments of one turn; `session` continues that session. */
  turn(prompt: string, session: string | undefined, options: readonly string[]): readonly string[];
  /** The tool call that runs a command. */
  shell(command: string): { readonly tool: string; readonly input: object };
  /** The reply that starts a sub-agent to look for the secret cove. */
  subAgent(request: ModelRequest): Reply;
  /** Whether the request is for the summary of a compaction. */
  isCompaction(request: ModelRequest): boolean;
  compact(agent: CodingAgent, session: string): Promise<unknown>;
  /** Adds our MCP server to the agent's configuration with the agent's own command. */
  addServer(agent: CodingAgent): Promise<unknown>;
  /** Options that make the agent wait for a slow MCP server on a busy machine. */
  readonly patientServers: readonly string[];
  /** The command about the memory, as a user types it. */
  readonly memoryCommand: string;
  /** The session's name in the agent's output. */
  sessionOf(output: string): string | undefined;
}

/** A process of an agent, or of ours in the agent's environment. */
export interface AgentProcess {
  readonly ended: Promise<{ readonly status: number | null; readonly output: string }>;
  kill(signal: NodeJS.Signals): void;
}

/** A turn that has ended. */
export interface TurnRequests {
  readonly session: string;
  /** The turn's requests to the model. */
  readonly requests: readonly ModelRequest[];
}

export interface TurnOptions {
  readonly session?: string;
  readonly options?: readonly string[];
  readonly directory?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** A real agent with our hooks, a model scripted by the test, and a memory with a worker. */
export interface CodingAgent extends ProjectMemory {
  readonly model: StubModel;
  /** Sets the model's replies from now on. */
  answers(reply: (request: ModelRequest) => Reply): void;
  /** Runs one turn until the agent exits. @throws Error when the agent fails */
  say(prompt: string, options?: TurnOptions): Promise<TurnRequests>;
  /** Starts a turn. */
  start(prompt: string, options?: TurnOptions): AgentProcess;
  /** Runs the agent's program with other arguments. */
  command(...args: string[]): Promise<string>;
  /** Runs the packaged `memory-manager`. */
  memoryManager(...args: string[]): Promise<string>;
}

/** How an agent starts our MCP server. */
export const serverCommand = (): readonly string[] => [
  ...[process.execPath, join(inject('built'), 'dist', 'bin', 'main.cjs')],
  ...['mcp', '--group', 'auto'],
];

/** Whether the tests by command run, and not only the smoke run. */
export const isFull = process.env.HOSTS === 'full';

/** Starts the agent before the file's tests and stops it after. `memory-manager install` installs the hooks. */
export function useCodingAgent(stores: Stores, kind: AgentKind): CodingAgent {
  const agent = useProjectMemory(stores) as { -readonly [K in keyof CodingAgent]: CodingAgent[K] };
  const children = new Set<ChildProcess>();
  let reply: (request: ModelRequest) => Reply = () => ({ text: 'Understood.' });

  beforeAll(async () => {
    agent.model = await kind.startModel((request) => reply(request));
    await kind.prepare(agent.place, agent.model.url);
    await agent.memoryManager('install', kind.name, '--yes');
  });
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await agent.model?.close();
  });

  agent.answers = (next) => {
    reply = next;
  };
  agent.start = (prompt, { session, options = [], directory, environment } = {}) =>
    run(agentProgram(kind.name) ?? '', kind.turn(prompt, session, options), directory, environment);
  agent.say = async (prompt, options) => {
    const before = agent.model.requests.length;
    const output = await outputOf(agent.start(prompt, options));
    const session = kind.sessionOf(output);
    if (session === undefined) throw new Error(`The agent named no session: ${output}`);
    return { session, requests: agent.model.requests.slice(before) };
  };
  agent.command = (...args) => outputOf(run(agentProgram(kind.name) ?? '', args));
  agent.memoryManager = (...args) =>
    outputOf(run(process.execPath, [join(inject('built'), 'dist', 'bin', 'main.cjs'), ...args]));
  return agent;

  function run(
    program: string,
    args: readonly string[],
    directory = agent.place.project,
    environment: Readonly<Record<string, string>> = {},
  ): AgentProcess {
    const { place, model } = agent;
    const child = spawn(program, args, {
      cwd: directory,
      env: {
        ...{ PATH: process.env.PATH, HOME: place.home },
        ...kind.environment(place, model.url),
        ...agent.environment,
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.add(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    const killer = setTimeout(() => child.kill('SIGKILL'), 10 * MINUTE);
    const ended = once(child, 'close').then(([status]) => {
      clearTimeout(killer);
      children.delete(child);
      return { status: status as number | null, output };
    });
    return { ended, kill: (signal) => child.kill(signal) };
  }
}

async function outputOf({ ended }: AgentProcess): Promise<string> {
  const { status, output } = await ended;
  if (status !== 0) throw new Error(`The program ended with ${status}: ${output}`);
  return output;
}
