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

/** How an agent is run without a terminal, with nobody to talk to but a stub model. */
export interface AgentKind {
  readonly name: AgentHost;
  startModel(reply: (request: ModelRequest) => Reply): Promise<StubModel>;
  /** Writes the agent's own configuration. */
  prepare(place: AgentFolders, modelUrl: string): Promise<void>;
  environment(place: AgentFolders, modelUrl: string): Record<string, string>;
  /** The arguments of one turn; with `session` it goes on with that session. */
  turn(prompt: string, session: string | undefined, options: readonly string[]): readonly string[];
  /** The call with which the model runs a command. */
  shell(command: string): { readonly tool: string; readonly input: object };
  /** What the model calls next to have a sub-agent look for the secret cove. */
  subAgent(request: ModelRequest): Reply;
  /** Whether the model is asked for the summary of a compaction. */
  isCompaction(request: ModelRequest): boolean;
  compact(agent: CodingAgent, session: string): Promise<unknown>;
  /** Adds our MCP server to the agent's configuration, by the agent's own command. */
  addServer(agent: CodingAgent): Promise<unknown>;
  /** Options with which the agent waits for a server on a busy machine. */
  readonly patientServers: readonly string[];
  /** The command about the memory, as a user types it. */
  readonly memoryCommand: string;
  /** The session's name in what the agent printed. */
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
  /** The requests for it to the model. */
  readonly requests: readonly ModelRequest[];
}

export interface TurnOptions {
  readonly session?: string;
  readonly options?: readonly string[];
  readonly directory?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** A real agent with our hooks, a model that says what the test wants, and a memory with a worker. */
export interface CodingAgent extends ProjectMemory {
  readonly model: StubModel;
  /** What the model answers from now on. */
  answers(reply: (request: ModelRequest) => Reply): void;
  /** One turn, up to the agent's end. @throws Error when the agent fails */
  say(prompt: string, options?: TurnOptions): Promise<TurnRequests>;
  /** Starts a turn. */
  start(prompt: string, options?: TurnOptions): AgentProcess;
  /** Runs the agent's program with other arguments. */
  command(...args: string[]): Promise<string>;
  /** Runs `memory-manager` as it is in the package. */
  memoryManager(...args: string[]): Promise<string>;
}

/** How an agent starts our MCP server. */
export const serverCommand = (): readonly string[] => [
  ...[process.execPath, join(inject('built'), 'dist', 'bin', 'main.cjs')],
  ...['mcp', '--group', 'auto'],
];

/** Whether the tests by command run, and not only the smoke run. */
export const isFull = process.env.HOSTS === 'full';

/** Opens all of it before the file's tests and ends it after. The hooks are installed by `memory-manager install`. */
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
