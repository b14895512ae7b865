/**
 * Four worker processes, models that take 300 ms a call: how long 20 simultaneous episodes of one group take; and, when idle, how
 * soon the text of a stored episode is found.
 *
 *     node bench/group-commit.ts [rounds]
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Config, loadConfig } from '../src/config.ts';
import { startServers } from '../src/embedded/servers.ts';
import { openGraphs } from '../src/graph/graphs.ts';
import { MemoryManager } from '../src/index.ts';
import { SECOND } from '../src/time.ts';
import { startFakeOpenAI } from '../test/support/fake-openai/index.ts';
import { inMilliseconds, markdownTable, type Row } from './table.ts';

const EPISODES = 20;
const WORKERS = 4;
const CALL = 300;
const [AT_ONCE, ALONE] = [2.5 * SECOND, 50];
const rounds = Number(process.argv[2] ?? 5);

const servers = await startServers();
const fake = await startFakeOpenAI({ delay: CALL, knowledge: 'exclusive: LEADS' });
const config: Config = {
  ...loadConfig({}),
  falkordb: { host: servers.falkordb.host, port: servers.falkordb.port, tls: false },
  valkey: { host: servers.valkey.host, port: servers.valkey.port, tls: false },
  group: 'bench',
};
const workers = Array.from({ length: WORKERS }, startWorker);
const memory = new MemoryManager(config);
try {
  await Promise.all(workers.map(ready));
  await storeTime(24, 0);
  console.log(markdownTable([await atOnce(), await alone()]));
} finally {
  await memory.close();
  for (const worker of workers) worker.kill('SIGKILL');
  await fake.close();
  await servers.stop();
}

/** Facts about one thing, of which some contradict others, so that each commit has to be judged. */
function contentOf(round: number, index: number): string {
  const names = [`Project ${round}`, `Person ${index % 5} of ${round}`, `Part ${index} of ${round}`];
  return [
    `${names[1]} [Person] LEADS ${names[0]} [Project]: ${names[1]} leads ${names[0]}`,
    `${names[0]} [Project] USES ${names[2]} [Part]: ${names[0]} uses ${names[2]}`,
  ].join('\n');
}

async function storeTime(count: number, round: number): Promise<number> {
  const { completed } = await memory.getJobCounts('store');
  const start = performance.now();
  await memory.enqueueEpisodes(Array.from({ length: count }, (_, index) => ({ content: contentOf(round, index) })));
  while ((await memory.getJobCounts('store')).completed < completed + count)
    await new Promise((go) => setTimeout(go, 5));
  return performance.now() - start;
}

async function atOnce(): Promise<Row> {
  const times: number[] = [];
  let calls = 0;
  for (let round = 1; round <= rounds; round += 1) {
    fake.reset();
    times.push(await storeTime(EPISODES, round));
    calls += fake.calls.length;
  }
  const sorted = times.sort((a, b) => a - b);
  const [middle, worst] = [sorted[sorted.length >> 1] ?? 0, sorted.at(-1) ?? 0];
  return {
    figure: `${EPISODES} episodes at once in one group, ${CALL} ms a call, ${WORKERS} workers: wall time`,
    measured: `p50 ${inMilliseconds(middle)}, worst of ${rounds} ${inMilliseconds(worst)}, ${(calls / rounds).toFixed(0)} model calls`,
    goal: `≤ ${AT_ONCE / SECOND} s`,
    reached: worst <= AT_ONCE,
  };
}

async function alone(): Promise<Row> {
  const graphs = openGraphs(config.falkordb);
  const graph = graphs.group(config.group);
  const times: number[] = [];
  for (let index = 0; index < 30; index += 1) {
    const word = `raw${index}x${Date.now()}`;
    const before = (await memory.getJobCounts('store')).completed;
    const start = performance.now();
    await memory.enqueueEpisode(`Nobody says anything about ${word}.`);
    const found = () =>
      graph.read(`CALL db.idx.fulltext.queryNodes('Episodic', $word) YIELD node RETURN node.uuid AS uuid`, { word });
    while ((await found()).length === 0);
    times.push(performance.now() - start);
    while ((await memory.getJobCounts('store')).completed === before) await new Promise((go) => setTimeout(go, 5));
  }
  graphs.close();
  const middle = times.sort((a, b) => a - b)[times.length >> 1] ?? 0;
  return {
    figure: 'handed in to raw text found, idle',
    measured: `p50 ${inMilliseconds(middle)}, worst of 30 ${inMilliseconds(times.at(-1) ?? 0)}`,
    goal: `p50 ≤ ${ALONE} ms`,
    reached: middle <= ALONE,
  };
}

function startWorker(): ChildProcess {
  return spawn(process.execPath, [fileURLToPath(new URL('../src/cli/main.ts', import.meta.url)), 'worker'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      FALKORDB_HOST: config.falkordb.host,
      FALKORDB_PORT: String(config.falkordb.port),
      VALKEY_HOST: config.valkey.host,
      VALKEY_PORT: String(config.valkey.port),
      OPENAI_BASE_URL: fake.url,
      MEMORY_GROUP: config.group,
      MEMORY_HEALTH_PORT: '0',
    },
  });
}

async function ready(worker: ChildProcess): Promise<void> {
  let output = '';
  const ended = once(worker, 'exit').then(() => {
    throw new Error(`a worker ended: ${output}`);
  });
  const isReady = new Promise<void>((resolve) => {
    for (const stream of [worker.stdout, worker.stderr])
      stream?.on('data', (chunk) => {
        output += chunk;
        if (output.includes('ready')) resolve();
      });
  });
  ended.catch(() => {});
  await Promise.race([isReady, ended]);
}
