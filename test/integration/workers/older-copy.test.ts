import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readInventory } from '../../../src/archive/compare-graph.ts';
import type { Config } from '../../../src/config.ts';
import { type Server, startFalkorDB, startValkey } from '../../../src/embedded/servers.ts';
import { openGraphs } from '../../../src/graph/graphs.ts';
import { MemoryManager } from '../../../src/memory.ts';
import { retryingConnection } from '../../../src/valkey/connections.ts';
import { openLeases } from '../../../src/valkey/lease.ts';
import type { Health } from '../../../workers/health.ts';
import { type RunningWorkers, startWorkers } from '../../../workers/main.ts';
import { deployedConfig } from '../../support/deploy/deployed-config.ts';
import { plainEmbedder, plainModel } from '../../support/models.ts';
import { until } from '../../support/wait.ts';

let valkey: Server;
let falkordb: Server;
let folder: string;
let config: Config;
let memory: MemoryManager;
let worker: RunningWorkers;
const model = plainModel();
const embedder = plainEmbedder();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'memory-older-copy-'));
  [valkey, falkordb] = await Promise.all([
    startValkey(),
    startFalkorDB({ dataFolder: join(folder, 'falkordb'), appendfsync: 'always' }),
  ]);
  // The port is taken, so the worker serves /health at a free one.
  config = { ...deployedConfig(folder, valkey, falkordb), health: { host: '127.0.0.1', port: valkey.port } };
  const parts = { languageModel: model, embedder };
  worker = await startWorkers(config, ['store'], parts);
  memory = new MemoryManager(config, parts);
});
afterAll(async () => {
  await memory?.close();
  await worker?.close();
  await Promise.all([falkordb?.stop(), valkey?.stop()]);
  await rm(folder, { recursive: true, force: true });
});

async function store(content: string) {
  const receipt = await memory.enqueueEpisode(content);
  await memory.waitFor(receipt);
}

async function graphsCheck() {
  const [{ healthUrl } = {}] = (await memory.getStatus().then(({ valkey }) => valkey.ok && valkey.liveWorkers)) || [];
  if (!healthUrl) return undefined;
  const { checks } = (await (await fetch(`${healthUrl}/health`)).json()) as Health;
  return checks.find(({ name }) => name === 'graphs');
}

test('a FalkorDB that starts from an older copy of its data gets the changes since, and health is red until then', async () => {
  await store('Harbor uses Valkey.');
  // As a backup of the data folder.
  await falkordb.kill('SIGKILL');
  await cp(join(folder, 'falkordb'), join(folder, 'copy'), { recursive: true });
  await falkordb.restart();
  await store('Tower uses Kafka.');
  await store('Nothing of note was said on this day.');
  const graphs = openGraphs(config.falkordb);
  const hash = async () => (await readInventory(graphs.group(config.group), embedder.dimension)).hashes.exact;
  const before = await hash();
  const asked = [model.calls, embedder.texts.length];
  // Nobody can repair the graph while another process has its lease.
  const connection = retryingConnection(config.valkey);
  const leases = openLeases(connection, config.takeoverMs);
  const lease = await leases.take(config.group);

  await falkordb.kill('SIGKILL');
  await rm(join(folder, 'falkordb'), { recursive: true });
  await cp(join(folder, 'copy'), join(folder, 'falkordb'), { recursive: true });
  await falkordb.restart();

  const red = await until('a red check', async () => {
    const check = await graphsCheck();
    return check?.status === 'red' && check;
  });
  expect(red.message).toBe(
    'The graph of 1 memory lacks changes that it had applied; a worker with the role store replays them from the journal.',
  );
  expect((await memory.getStatus()).falkordb).toMatchObject({ lacksChanges: true, needsRebuild: false });
  await lease.release();
  await until('the graph as before', async () => (await hash()) === before);
  await until('a green check', async () => (await graphsCheck())?.status === 'ok');
  expect([model.calls, embedder.texts.length]).toEqual(asked);
  expect((await memory.getStatus()).falkordb).toMatchObject({ lacksChanges: false, needsRebuild: false });
  graphs.close();
  leases.close();
  connection.disconnect();
});
