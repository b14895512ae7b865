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

/** Where something answers; a proxy may stand in for a server. */
interface Place {
  readonly host: string;
  readonly port: number;
}

export type Proxies = Readonly<Record<'valkey' | 'falkordb' | 'model', WireProxy>>;

/** What of a scenario goes another way than straight to the servers. */
export interface Ways {
  readonly valkey?: Place;
  readonly falkordb?: Place;
  /** For OPENAI_BASE_URL. */
  readonly model?: Place;
  readonly environment?: Record<string, string>;
  /** Default: one that no other scenario has. */
  readonly queuePrefix?: string;
}

/** A memory with a queue, a folder and a default group of its own. */
export interface Scenario {
  readonly config: Config;
  /** For processes. */
  readonly environment: Record<string, string>;
  readonly memory: MemoryManager;
  /** The same memory by another way. */
  by(ways: Ways): Scenario;
  /** Starts a worker; it is killed when the file's tests are over. */
  worker(environment?: Record<string, string>): WorkerProcess;
}

/** Servers, a model and workers that a test file may do anything to. */
export interface Laboratory {
  readonly valkey: Server;
  readonly falkordb: Server;
  readonly model: FakeOpenAI;
  readonly graphs: Graphs;
  scenario(ways?: Ways): Scenario;
  /** In front of the servers and the model; closed when the file's tests are over. */
  proxies(): Promise<Proxies>;
  wholeGraph(group: string): Promise<WholeGraph>;
}

/** The fake model's vectors, cut much shorter, have no direction for some short names. */
const DIMENSION = '768';
/**
 * After how much silence a dead worker's jobs are taken over: soon where workers die, later where it is also counted what is done
 * twice, else late enough for any machine that keeps living ones from work for a while.
 */
const TAKEOVER_SECONDS = { soon: 2, later: 10, late: 60 };

/** Starts Valkey and FalkorDB, which write to disk before they answer, and a model, for the tests of a file. */
export function useLaboratory(
  model: FakeOpenAIOptions = {},
  { takeover = 'late' }: { readonly takeover?: keyof typeof TAKEOVER_SECONDS } = {},
): Laboratory {
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
    started.graphs = openGraphs({ ...placeOf(started.falkordb), tls: false });
  });
  afterAll(async () => {
    await Promise.all(closing.reverse().map((close) => close()));
    started.graphs?.close();
    await Promise.all([started.valkey?.stop(), started.falkordb?.stop(), started.model?.close()]);
    await rm(started.folder, { recursive: true, force: true });
  });

  function open(ways: Ways, base?: Config): Scenario {
    const own = newGroup();
    const config: Config = {
      ...(base ?? {
        ...loadConfig({}),
        models: 'openai',
        nightly: undefined,
        group: own,
        exportDir: join(started.folder, own, 'exports'),
        queuePrefix: ways.queuePrefix ?? `{${own}}`,
        home: join(started.folder, own),
      }),
      valkey: { ...placeOf(ways.valkey ?? base?.valkey ?? started.valkey), tls: false },
      falkordb: { ...placeOf(ways.falkordb ?? base?.falkordb ?? started.falkordb), tls: false },
    };
    const url = new URL(started.model.url);
    if (ways.model) url.host = `${ways.model.host}:${ways.model.port}`;
    const environment = {
      ...environmentOf(config),
      MEMORY_MODELS: 'openai',
      OPENAI_BASE_URL: url.href,
      MEMORY_EMBEDDING_DIM: DIMENSION,
      MEMORY_TAKEOVER_SECONDS: String(TAKEOVER_SECONDS[takeover]),
      MEMORY_HEALTH_PORT: '0',
      // Otherwise the tests would spend most of their time loading the program a hundred times.
      NODE_COMPILE_CACHE: join(started.folder, 'compiled'),
      ...ways.environment,
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
      by: (others) => open({ ...ways, ...others }, config),
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
    scenario: (ways = {}) => open(ways),
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

const placeOf = ({ host, port }: Place) => ({ host, port });
