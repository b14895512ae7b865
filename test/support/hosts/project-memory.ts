import { afterAll, beforeAll } from 'vitest';
import { scopeOf } from '../../../src/agents/scope.ts';
import { type Config, loadConfig } from '../../../src/config.ts';
import type { EpisodeDetails, FactHit } from '../../../src/memory/results.ts';
import { MemoryManager } from '../../../src/memory.ts';
import type { JobCounts } from '../../../src/queue/bullmq-layout.ts';
import { type RunningWorkers, startWorkers } from '../../../workers/main.ts';
import type { Stores } from '../stores.ts';
import { until } from '../wait.ts';
import { type AgentFolders, makeAgentFolders } from './place.ts';

/** An agent's project and its memory, with a worker. */
export interface ProjectMemory {
  readonly memory: MemoryManager;
  /** The group of the project. */
  readonly group: string;
  readonly place: AgentFolders;
  /** Environment variables for the plugin, the hooks and the MCP server. */
  readonly environment: Record<string, string>;
  /** Waits until the memory has an episode with these words, and returns it. */
  kept(words: string): Promise<EpisodeDetails>;
  /** The facts as the graph has them now. */
  facts(query: string): Promise<readonly FactHit[]>;
  /** The joined texts of all episodes, once no job waits. */
  everything(): Promise<string>;
}

/** Opens the memory before the file's tests and closes it after. */
export function useProjectMemory(stores: Stores): ProjectMemory {
  const project = {} as { -readonly [K in keyof ProjectMemory]: ProjectMemory[K] };
  let worker: RunningWorkers;

  beforeAll(async () => {
    project.place = await makeAgentFolders();
    project.group = scopeOf({ directory: project.place.project, environment: {} }).group;
    project.environment = environmentOf(stores.config);
    const config = { ...stores.config, group: project.group, takeoverMs: loadConfig({}).takeoverMs };
    worker = await startWorkers(config, ['store']);
    project.memory = new MemoryManager(config);
  });
  afterAll(async () => {
    await Promise.all([project.memory?.close(), worker?.close(), project.place?.remove()]);
  });

  project.kept = async (words) => {
    const found = await until(`an episode with "${words}"`, async () =>
      (await project.memory.episodes.list({ limit: 100 })).find(({ content }) => content.includes(words)),
    );
    return project.memory.getEpisode(found.uuid);
  };
  project.facts = async (query) => (await project.memory.search(query, 20, { find: 'facts', cache: false })).facts;
  project.everything = async () => {
    await until('rest', async () => isAtRest(await project.memory.getJobCounts('store')));
    return (await project.memory.episodes.list({ limit: 1000 })).map(({ content }) => content).join('\n');
  };
  return project;
}

const isAtRest = ({ waiting, active, delayed }: JobCounts): boolean => waiting + active + delayed === 0;

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
