import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { type Config, loadConfig } from '../../../src/config.ts';
import { type Server, startFalkorDB, startValkey } from '../../../src/embedded/servers.ts';
import { type Graphs, openGraphs } from '../../../src/graph/graphs.ts';
import { MemoryManager } from '../../../src/memory.ts';
import { environmentOf } from '../command-line.ts';
import { type FakeOpenAI, type FakeOpenAIOptions, startFakeOpenAI } from '../fake-openai/index.ts';
import { type WholeGraph, wholeGraph } from '../graphiti/whole-graph.ts';
import { newGroup } from '../stores.ts';
import { startProxy, type WireProxy } from './proxy.ts';
import { KNOWLEDGE } from './story.ts';
import { startWorkerProcess, type WorkerProcess } from './worker-process.ts';

/** The address of a server, or of a proxy in front of one. */
interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export type Proxies = Readonly<Record<'valkey' | 'falkordb' | 'model', WireProxy>>;

/** Addresses that replace the servers' addresses, and other settings of a scenario. */
export interface ScenarioOptions {
  readonly valkey?: Endpoint;
  readonly falkordb?: Endpoint;
  /** For OPENAI_BASE_URL. */
  readonly model?: Endpoint;
  readonly environment?: Record<string, string>;
  /** Default: a new one. */
  readonly queuePrefix?: string;
}

/** A memory with its own queue, folder and default group. */
export interface Scenario {
  readonly config: Config;
  /** Environment variables for processes. */
  readonly environment: Record<string, string>;
  readonly memory: MemoryManager;
  /** The same memory through other addresses. */
  via(options: ScenarioOptions): Scenario;
  /** Starts a worker, which is killed after the file's last test. */
  worker(environment?: Record<string, string>): WorkerProcess;
}

/** Servers, a model and workers of one test file, which may break them. */
export interface Testbed {
  readonly valkey: Server;
  readonly falkordb: Server;
  readonly model: FakeOpenAI;
  readonly graphs: Graphs;
  scenario(options?: ScenarioOptions): Scenario;
  /** Proxies in front of the servers and the model, closed after the file's last test. */
  proxies(): Promise<Proxies>;
  wholeGraph(group: string): Promise<WholeGraph>;
}

/** With far fewer dimensions, the fake model's vectors of some short names would be zero. */
const DIMENSION = '768';
/**
 * Seconds of silence after which a dead worker's jobs are taken over. `soon`: for tests that kill workers. `later`: for those that also
 * count repeated work. `late`: for slow machines, on which running workers must not count as dead.
 */
const TAKEOVER_SECONDS = { soon: 2, later: 10, late: 60 };

/** Starts Valkey and FalkorDB, which write to disk before they answer, and a fake model, for the tests of a file. */
export function useTestbed(
  model: FakeOpenAIOptions = {},
  { takeover = 'late' }: { readonly takeover?: keyof typeof TAKEOVER_SECONDS } = {},
): Testbed {
  const started = {} as { valkey: Server; falkordb: Server; model: FakeOpenAI; graphs: Graphs; folder: string };
  const closing: (() => unknown)[] = [];

  beforeAll(async () => {
    started.folder = await mkdtemp(join(tmpdir(), 'memory-faults-'));
    const durable = { appendfsync: 'always' } as const;
    [started.valkey, started.falkordb, started.model] = await Promise.all([
      startValkey(durable),
      startFalkorDB(durable),
      startFakeOpenAI({ knowledge: KNOWLEDGE, ...model }),
    ]);
    started.graphs = openGraphs({ ...endpointOf(started.falkordb), tls: false });
  });
  afterAll(async () => {
    await Promise.all(closing.reverse().map((close) => close()));
    started.graphs?.close();
    await Promise.all([started.valkey?.stop(), started.falkordb?.stop(), started.model?.close()]);
    await rm(started.folder, { recursive: true, force: true });
  });

  function open(options: ScenarioOptions, base?: Config): Scenario {
    const own = newGroup();
    const config: Config = {
      ...(base ?? {
        ...loadConfig({}),
        models: 'openai',
        nightly: undefined,
        group: own,
        exportDir: join(started.folder, own, 'exports'),
        queuePrefix: options.queuePrefix ?? `{${own}}`,
        home: join(started.folder, own),
      }),
      valkey: { ...endpointOf(options.valkey ?? base?.valkey ?? started.valkey), tls: false },
      falkordb: { ...endpointOf(options.falkordb ?? base?.falkordb ?? started.falkordb), tls: false },
    };
    const url = new URL(started.model.url);
    if (options.model) url.host = `${options.model.host}:${options.model.port}`;
    const environment = {
      ...environmentOf(config),
      MEMORY_MODELS: 'openai',
      OPENAI_BASE_URL: url.href,
      MEMORY_EMBEDDING_DIM: DIMENSION,
      MEMORY_TAKEOVER_SECONDS: String(TAKEOVER_SECONDS[takeover]),
      MEMORY_HEALTH_PORT: '0',
      // Without a compile cache, the tests would spend most of their time on loading the program.
      NODE_COMPILE_CACHE: join(started.folder, 'compiled'),
      ...options.environment,
    };
    const memory = new MemoryManager({
      ...config,
      openai: { ...config.openai, baseUrl: url.href },
      embeddings: { provider: 'openai', baseUrl: url.href, dimension: Number(DIMENSION) },
    });
    closing.push(() => memory.close());
    return {
      config,
      environment,
      memory,
      via: (others) => open({ ...options, ...others }, config),
      worker(more = {}) {
        const worker = startWorkerProcess({ ...environment, ...more });
        closing.push(() => worker.kill());
        return worker;
      },
    };
  }

  return {
    get valkey() {
      return started.valkey;
    },
    get falkordb() {
      return started.falkordb;
    },
    get model() {
      return started.model;
    },
    get graphs() {
      return started.graphs;
    },
    scenario: (options = {}) => open(options),
    async proxies() {
      const { hostname, port } = new URL(started.model.url);
      const [valkey, falkordb, model] = await Promise.all([
        startProxy(started.valkey, 'resp'),
        startProxy(started.falkordb, 'resp'),
        startProxy({ host: hostname, port: Number(port) }, 'bytes'),
      ]);
      closing.push(...[valkey, falkordb, model].map((proxy) => () => proxy.close()));
      return { valkey, falkordb, model };
    },
    wholeGraph: (group) => wholeGraph(started.graphs.group(group)),
  };
}

const endpointOf = ({ host, port }: Endpoint) => ({ host, port });
