/**
 * How fast episodes are enqueued and processed with models that take no time, compared with a bare BullMQ queue and worker with the same payload
 * in the same run, and with FalkorDB alone doing the same writes.
 *
 *     node bench/throughput.ts [episodes] [concurrency] [--rates]      default 4000 and MEMORY_CONCURRENCY
 *
 * `--rates` prints the rates alone, as JSON, for bench/traced.ts.
 */

import { Queue, Worker } from 'bullmq';
import { type Config, loadConfig } from '../src/config.ts';
import { startServers } from '../src/embedded/servers.ts';
import { newEpisode } from '../src/episode.ts';
import { openGraphs } from '../src/graph/graphs.ts';
import { finishEpisodes, recordEpisodes } from '../src/graph/queries/record.ts';
import { MemoryManager } from '../src/index.ts';
import type { LanguageModel } from '../src/models/language-model.ts';
import { localDefaults } from '../src/models/local/language-model.ts';
import { STORE_OPTIONS, toStoreJob } from '../src/queue/jobs.ts';
import { retryingConnection } from '../src/valkey/connections.ts';
import { startWorkers } from '../workers/main.ts';
import { freeEmbedder, syntheticData } from './synthetic.ts';
import { asFactor, markdownTable, type Row } from './table.ts';

const CONTENT = 'Harbor keeps its sessions in Valkey 8. '.repeat(10);
const GOAL = 0.7;
const embedder = freeEmbedder(syntheticData(1));
const silent: LanguageModel = {
  ...localDefaults,
  id: 'silent',
  extract: async () => ({ entities: [], facts: [], ended: [] }),
  close: async () => {},
};

const servers = await startServers();
try {
  const settings = loadConfig({});
  const [count = 4000, concurrency = settings.concurrency] = process.argv.slice(2).map(Number).filter(Number.isFinite);
  const config = {
    ...settings,
    falkordb: { host: servers.falkordb.host, port: servers.falkordb.port, tls: false },
    valkey: { host: servers.valkey.host, port: servers.valkey.port, tls: false },
    models: 'local' as const,
    health: { host: '127.0.0.1', port: 0 },
    concurrency,
  };
  const rows = [...(await storing(config, count)), ...(await working(config, count))];
  console.log(process.argv.includes('--rates') ? JSON.stringify(rows) : markdownTable(rows));
} finally {
  await servers.stop();
}

/** Enqueueing: many episodes in one call, and many calls at once. */
async function storing(config: Config, count: number): Promise<Rated[]> {
  const memory = new MemoryManager({ ...config, queuePrefix: '{bench-store}' });
  const bare = bareQueue(config, '{bench-bare}');
  const inputs = Array.from({ length: count }, () => ({ content: CONTENT, metadata: { file: 'a.ts' } }));
  const jobs = () =>
    inputs.map(({ content, metadata }) => {
      const data = toStoreJob(newEpisode(content, metadata, config.group, 1e6));
      return { name: 'store', data, opts: { ...STORE_OPTIONS, jobId: data.uuid } };
    });
  const inParts = async () => {
    const all = jobs();
    for (let start = 0; start < all.length; start += 256) await bare.queue.addBulk(all.slice(start, start + 256));
  };
  const addEach = async () => Promise.all(jobs().map(({ name, data, opts }) => bare.queue.add(name, data, opts)));
  const storeEach = async () =>
    Promise.all(inputs.map(({ content, metadata }) => memory.enqueueEpisode(content, metadata)));
  const many = await inTurns(count, () => memory.enqueueEpisodes(inputs), inParts);
  const each = await inTurns(count, storeEach, addEach);
  await memory.close();
  await bare.close();
  return [
    row('`enqueueEpisodes`, ratio to `addBulk`', many),
    row('`enqueueEpisode`, all at once, ratio to `queue.add`', each),
  ];
}

/** Jobs of 16 groups and of one, with models that find nothing. */
async function working(config: Config, count: number): Promise<Rated[]> {
  const rows: Rated[] = [];
  for (const groups of [1, 16]) {
    const names = Array.from({ length: groups }, (_, index) => `bench-${groups}-${index}`);
    await worked(config, 64, names, '{bench-warm}');
    const ours: number[] = [];
    const bare: number[] = [];
    for (const round of [1, 2, 3]) {
      ours.push(await worked(config, count, names, `{bench-ours-${groups}-${round}}`));
      bare.push(await workedBare(config, count, names, `{bench-bare-${groups}-${round}}`));
    }
    const graph = await wroteAlone(config, count, names);
    const [one, other] = [median(ours), median(bare)];
    rows.push({
      ...row(`worker with models that find nothing, ${groups} groups, concurrency ${config.concurrency}, ratio`, [
        one,
        other,
      ]),
      measured: `${rate(one)} against ${rate(other)} = ${asFactor(one / other)}; FalkorDB alone with the same writes, ${config.concurrency} in a query: ${rate(graph)}`,
    });
  }
  return rows;
}

async function worked(config: Config, count: number, groups: readonly string[], queuePrefix: string): Promise<number> {
  const own = { ...config, queuePrefix };
  await fill(own, count, groups);
  const memory = new MemoryManager(own);
  const start = performance.now();
  const running = await startWorkers(own, ['store'], { languageModel: silent, embedder });
  await completed(async () => (await memory.getJobCounts('store')).completed, count);
  const seconds = (performance.now() - start) / 1000;
  await running.close();
  await memory.close();
  return count / seconds;
}

async function workedBare(config: Config, count: number, groups: readonly string[], prefix: string): Promise<number> {
  await fill({ ...config, queuePrefix: prefix }, count, groups);
  const connection = retryingConnection(config.valkey);
  const counting = bareQueue(config, prefix);
  const start = performance.now();
  const worker = new Worker('store', async () => {}, { connection, prefix, concurrency: config.concurrency });
  await completed(() => counting.queue.getJobCountByTypes('completed'), count);
  const seconds = (performance.now() - start) / 1000;
  await worker.close();
  await counting.close();
  connection.disconnect();
  return count / seconds;
}

/** Only the two writes of an episode without facts. */
async function wroteAlone(config: Config, count: number, groups: readonly string[]): Promise<number> {
  const graphs = openGraphs(config.falkordb);
  const start = performance.now();
  for (let done = 0; done < count; done += config.concurrency) {
    const group = groups[(done / config.concurrency) % groups.length] ?? '';
    const graph = graphs.group(group);
    const episodes = Array.from({ length: config.concurrency }, () =>
      newEpisode(CONTENT, { file: 'a.ts' }, group, 1e6),
    );
    await recordEpisodes(graph, episodes);
    await finishEpisodes(
      graph,
      episodes.map(({ uuid }) => ({ uuid, use: null })),
      new Date(),
    );
  }
  const seconds = (performance.now() - start) / 1000;
  graphs.close();
  return count / seconds;
}

async function fill(config: Config, count: number, groups: readonly string[]): Promise<void> {
  const { queue, close } = bareQueue(config, config.queuePrefix);
  const jobs = Array.from({ length: count }, (_, index) => {
    const data = toStoreJob(newEpisode(CONTENT, { file: 'a.ts' }, groups[index % groups.length] ?? '', 1e6));
    return { name: 'store', data, opts: { ...STORE_OPTIONS, jobId: data.uuid } };
  });
  for (let start = 0; start < count; start += 500) await queue.addBulk(jobs.slice(start, start + 500));
  await close();
}

function bareQueue(config: Config, prefix: string) {
  const connection = retryingConnection(config.valkey);
  const queue = new Queue('store', { connection, prefix });
  queue.on('error', () => {});
  const close = async () => {
    await queue.close();
    connection.disconnect();
  };
  return { queue, close };
}

async function completed(ended: () => Promise<number>, count: number): Promise<void> {
  while ((await ended()) < count) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** Calls per second of both: the median of five alternating rounds after a warm-up round. */
async function inTurns(
  count: number,
  one: () => Promise<unknown>,
  other: () => Promise<unknown>,
): Promise<[number, number]> {
  const rates: [number[], number[]] = [[], []];
  for (let round = 0; round < 6; round += 1)
    for (const [index, work] of [one, other].entries()) {
      const start = performance.now();
      await work();
      if (round > 0) rates[index]?.push((count / (performance.now() - start)) * 1000);
    }
  return [median(rates[0]), median(rates[1])];
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? 0;
}

function rate(perSecond: number): string {
  return `${perSecond.toFixed(0)}/s`;
}

/** A row, and the episodes and jobs per second behind it. */
type Rated = Row & { readonly ours: number; readonly bare: number };

function row(figure: string, [ours, bare]: readonly [number, number]): Rated {
  const ratio = ours / bare;
  const measured = `${rate(ours)} against ${rate(bare)} = ${asFactor(ratio)}`;
  return { figure, measured, goal: `≥ ${GOAL}`, reached: ratio >= GOAL, ours, bare };
}
