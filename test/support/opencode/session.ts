import { join } from 'node:path';
import { afterAll, beforeAll, inject } from 'vitest';
import { scopeOf } from '../../../src/agents/scope.ts';
import { type Config, loadConfig } from '../../../src/config.ts';
import type { WholeEpisode } from '../../../src/memory/episodes.ts';
import { MemoryManager } from '../../../src/memory.ts';
import type { Counts } from '../../../src/queue/producer.ts';
import type { Fact } from '../../../src/search/found.ts';
import { MINUTE } from '../../../src/time.ts';
import { type Running, startWorkers } from '../../../workers/main.ts';
import type { Stores } from '../stores.ts';
import { until } from '../wait.ts';
import { type Host, type HostOptions, makePlace, OPENCODE, type Place, startHost } from './host.ts';
import { type AgentRequest, type Reply, type StubModel, startStubModel } from './stub-model.ts';

/** The real opencode with our plugin, a model that says what the test wants, and a memory with a worker. */
export interface Agent {
  readonly model: StubModel;
  readonly memory: MemoryManager;
  /** That of the place's project. */
  readonly group: string;
  readonly place: Place;
  /** What the plugin reads from the environment. */
  readonly environment: Record<string, string>;
  /** What the model answers from now on. */
  answers(reply: (request: AgentRequest) => Reply): void;
  host(options?: Partial<HostOptions>): Promise<Host>;
  /** Waits until the memory has an episode with these words, and gives it. */
  kept(words: string): Promise<WholeEpisode>;
  /** As the graph has them now. */
  facts(query: string): Promise<readonly Fact[]>;
  /** What all episodes tell, one after the other, once nothing waits any more. */
  everything(): Promise<string>;
}

export const isHere = OPENCODE !== undefined;
/** What is recalled and what tools find comes late rather than not at all, however busy the machine is. */
export const PATIENT = { recallTimeoutMs: 2 * MINUTE, toolTimeoutMs: 2 * MINUTE };

/** Opens all of it before the file's tests and ends it after. */
export function useAgent(stores: Stores): Agent {
  const agent = {} as { -readonly [K in keyof Agent]: Agent[K] };
  const hosts: Host[] = [];
  let worker: Running;
  let reply: (request: AgentRequest) => Reply = () => ({ text: 'Understood.' });

  beforeAll(async () => {
    agent.place = await makePlace();
    agent.group = scopeOf({ directory: agent.place.project, environment: {} }).group;
    agent.environment = environmentOf(stores.config);
    agent.model = await startStubModel((request) => reply(request));
    const config = { ...stores.config, group: agent.group, takeover: loadConfig({}).takeover };
    worker = await startWorkers(config, ['store']);
    agent.memory = new MemoryManager(config);
  });
  afterAll(async () => {
    await Promise.all(hosts.map((host) => host.stop('SIGKILL')));
    await Promise.all([agent.memory?.close(), worker?.close(), agent.model?.close(), agent.place?.remove()]);
  });

  agent.answers = (next) => {
    reply = next;
  };
  agent.host = async (options = {}) => {
    const host = await startHost(agent.model.url, {
      place: agent.place,
      ...options,
      config: { plugin: [[`file://${join(inject('built'), 'dist', 'opencode.js')}`, PATIENT]], ...options.config },
      environment: { ...agent.environment, ...options.environment },
    });
    hosts.push(host);
    return host;
  };
  agent.kept = async (words) => {
    const found = await until(`an episode with "${words}"`, async () =>
      (await agent.memory.episodes.list({ limit: 100 })).find(({ content }) => content.includes(words)),
    );
    return agent.memory.getEpisode(found.uuid);
  };
  agent.facts = async (query) => (await agent.memory.search(query, 20, { find: 'facts', cache: false })).facts;
  agent.everything = async () => {
    await until('rest', async () => isAtRest(await agent.memory.jobCounts('store')));
    return (await agent.memory.episodes.list({ limit: 1000 })).map(({ content }) => content).join('\n');
  };
  return agent;
}

const isAtRest = ({ waiting, active, delayed }: Counts): boolean => waiting + active + delayed === 0;

function environmentOf({ valkey, falkordb, home, queuePrefix }: Config): Record<string, string> {
  return {
    VALKEY_HOST: valkey.host,
    VALKEY_PORT: String(valkey.port),
    FALKORDB_HOST: falkordb.host,
    FALKORDB_PORT: String(falkordb.port),
    MEMORY_HOME: home,
    MEMORY_MODELS: 'local',
    MEMORY_QUEUE_PREFIX: queuePrefix,
  };
}
