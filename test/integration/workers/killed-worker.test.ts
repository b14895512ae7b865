import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { openGraphs } from '../../../src/graph/graphs.ts';
import { MemoryManager } from '../../../src/memory.ts';
import { startWorkers } from '../../../workers/main.ts';
import { environmentOf } from '../../support/command-line.ts';
import { plainEmbedder, plainModel } from '../../support/models.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

const stores = useStores();
const CLI = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));
const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

function startWorker(): ChildProcess {
  const child = spawn(process.execPath, [CLI, 'worker'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...environmentOf(stores.config) },
  });
  started.push(child);
  return child;
}

test('a worker that is killed halfway and restarted loses nothing and stores nothing twice', async () => {
  const memory = new MemoryManager(stores.config);
  const graphs = openGraphs(stores.config.falkordb);
  const count = 60;
  for (let i = 0; i < count; i += 1)
    await memory.storeEpisode(`Harbor ${i}.0.1 fixed the leak in \`module${i}\`.`, { i });
  const done = async () => (await memory.getJobCounts('store')).completed;

  for (const share of [0.2, 0.5]) {
    const worker = startWorker();
    await until('some jobs', async () => (await done()) >= count * share);
    worker.kill('SIGKILL');
    await once(worker, 'exit');
  }
  startWorker();
  await until('all jobs', async () => (await done()) === count);

  const graph = graphs.group(stores.config.group);
  expect(await graph.read('MATCH (p:Episodic) RETURN count(p) AS n, count(DISTINCT p.uuid) AS distinct')).toEqual([
    { n: count, distinct: count },
  ]);
  expect(await graph.read('MATCH (p:Episodic) WHERE size(p.entity_edges) = 0 RETURN count(p) AS n')).toEqual([
    { n: 0 },
  ]);
  const twins = await graph.read(
    'MATCH (n:Entity) WITH toLower(n.name) AS name, count(n) AS n WHERE n > 1 RETURN name, n',
  );
  expect(twins).toEqual([]);
  await memory.close();
  await graphs.close();
});

test('a worker that is asked to stop finishes its jobs and exits with 0', async () => {
  const worker = startWorker();
  let said = '';
  worker.stderr?.on('data', (chunk) => (said += chunk));
  await until('readiness', () => said.includes('is ready'));

  worker.kill('SIGTERM');

  expect(await once(worker, 'exit')).toEqual([0, null]);
});

test('a close abandons a job that does not end', async () => {
  const config = { ...stores.config, queuePrefix: '{stuck}', group: newGroup() };
  let asked = false;
  const extract = () => {
    asked = true;
    return new Promise<never>(() => {});
  };
  const languageModel = { ...plainModel(), extract };
  const running = await startWorkers(config, ['store'], { languageModel, embedder: plainEmbedder() });
  const memory = new MemoryManager(config);
  await memory.storeEpisode('Harbor uses Redis.');
  await until('the job', () => asked);

  await running.close();

  expect(await memory.getJobCounts('store')).toMatchObject({ waiting: 1, active: 0 });
  await memory.close();
});
