import { join } from 'node:path';
import { afterAll, beforeAll, inject } from 'vitest';
import { MINUTE } from '../../../src/time.ts';
import { type ProjectMemory, useProjectMemory } from '../hosts/project-memory.ts';
import type { Stores } from '../stores.ts';
import { type Host, type HostOptions, OPENCODE, seedConfigFolder, startHost } from './host.ts';
import { type AgentRequest, type Reply, type StubModel, startStubModel } from './stub-model.ts';

/** The real opencode with our plugin, a model scripted by the test, and a memory with a worker. */
export interface Agent extends ProjectMemory {
  readonly model: StubModel;
  /** Sets the model's replies from now on. */
  answers(reply: (request: AgentRequest) => Reply): void;
  host(options?: Partial<HostOptions>): Promise<Host>;
}

export const isOpencodeInstalled = OPENCODE !== undefined;
/** Long timeouts, so that recall and tools succeed on a busy machine. */
export const LONG_TIMEOUTS = { recallTimeoutMs: 2 * MINUTE, toolTimeoutMs: 2 * MINUTE };

/** Starts the agent before the file's tests and stops it after. */
export function useAgent(stores: Stores): Agent {
  const agent = useProjectMemory(stores) as { -readonly [K in keyof Agent]: Agent[K] };
  const hosts: Host[] = [];
  let reply: (request: AgentRequest) => Reply = () => ({ text: 'Understood.' });

  beforeAll(async () => {
    await seedConfigFolder(join(agent.place.home, 'config', 'opencode'));
    agent.model = await startStubModel((request) => reply(request));
  });
  afterAll(async () => {
    await Promise.all(hosts.map((host) => host.stop('SIGKILL')));
    await agent.model?.close();
  });

  agent.answers = (next) => {
    reply = next;
  };
  agent.host = async (options = {}) => {
    const host = await startHost(agent.model.url, {
      place: agent.place,
      ...options,
      config: { plugin: [[`file://${join(inject('built'), 'dist', 'opencode')}`, LONG_TIMEOUTS]], ...options.config },
      environment: { ...agent.environment, ...options.environment },
    });
    hosts.push(host);
    return host;
  };
  return agent;
}
