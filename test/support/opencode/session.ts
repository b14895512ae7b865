import { afterAll, beforeAll } from 'vitest';
import { type Config, loadConfig } from '../../../src/config.ts';
import type { WholeEpisode } from '../../../src/memory/ask-episode.ts';
import { MemoryManager } from '../../../src/memory.ts';
import type { Counts } from '../../../src/queue/producer.ts';
import { type Running, startWorkers } from '../../../workers/main.ts';
import { newGroup, type Stores } from '../stores.ts';
import { until } from '../wait.ts';
import { type Host, type HostOptions, OPENCODE, type Place, startHost } from './host.ts';
import { bundlePlugin } from './plugin.ts';
import { type AgentRequest, type Reply, type StubModel, startStubModel } from './stub-model.ts';

/** The real opencode with our plugin, a model that says what the test wants, and a memory with a worker. */
export interface Agent {
  readonly model: StubModel;
  readonly memory: MemoryManager;
  readonly group: string;
  /** What the plugin reads from the environment. */
  readonly environment: Record<string, string>;
  /** What the model answers from now on. */
  answers(reply: (request: AgentRequest) => Reply): void;
  host(options?: HostOptions): Promise<Host>;
  /** Waits until the memory has an episode with these words, and gives it. */
  kept(words: string): Promise<WholeEpisode>;
  /** What all episodes tell, one after the other, once nothing waits any more. */
  everything(): Promise<string>;
}

export const isHere = OPENCODE !== undefined;

/** Opens all of it before the file's tests and ends it after. */
export function useAgent(stores: Stores): Agent {
  const agent = {} as { -readonly [K in keyof Agent]: Agent[K] };
  const hosts: Host[] = [];
  const places = new Set<Place>();
  let plugin: Awaited<ReturnType<typeof bundlePlugin>>;
  let worker: Running;
  let reply: (request: AgentRequest) => Reply = () => ({ text: 'Understood.' });

  beforeAll(async () => {
    plugin = await bundlePlugin();
    agent.group = newGroup();
    agent.environment = environmentOf(stores.config, agent.group);
    agent.model = await startStubModel((request) => reply(request));
    const config = { ...stores.config, group: agent.group, takeover: loadConfig({}).takeover };
    worker = await startWorkers(config, ['store']);
    agent.memory = new MemoryManager(config);
  });
  afterAll(async () => {
    await Promise.all(hosts.map((host) => host.stop('SIGKILL')));
    await Promise.all([...places].map((place) => place.remove()));
    await Promise.all([agent.memory?.close(), worker?.close(), agent.model?.close(), plugin?.remove()]);
  });

  agent.answers = (next) => {
    reply = next;
  };
  agent.host = async (options = {}) => {
    const host = await startHost(agent.model.url, {
      ...options,
      config: { plugin: [`file://${plugin.file}`], ...options.config },
      environment: { ...agent.environment, ...options.environment },
    });
    hosts.push(host);
    places.add(host.place);
    return host;
  };
  agent.kept = async (words) => {
    const found = await until(
      `an episode with "${words}"`,
      async () => (await agent.memory.episodes.latest({ limit: 100 })).find(({ content }) => content.includes(words)),
      60_000,
    );
    return agent.memory.episode(found.uuid);
  };
  agent.everything = async () => {
    await until('rest', async () => isAtRest(await agent.memory.counts('store')));
    return (await agent.memory.episodes.latest({ limit: 1000 })).map(({ content }) => content).join('\n');
  };
  return agent;
}

const isAtRest = ({ waiting, active, delayed }: Counts): boolean => waiting + active + delayed === 0;

function environmentOf({ valkey, falkordb, home, queuePrefix }: Config, group: string): Record<string, string> {
  return {
    VALKEY_HOST: valkey.host,
    VALKEY_PORT: String(valkey.port),
    FALKORDB_HOST: falkordb.host,
    FALKORDB_PORT: String(falkordb.port),
    MEMORY_HOME: home,
    MEMORY_MODELS: 'local',
    MEMORY_QUEUE_PREFIX: queuePrefix,
    MEMORY_GROUP_ID: group,
  };
}
