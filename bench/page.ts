/**
 * Measures the page of `memory-manager ui` in Chromium, and prints a table for docs/performance.md.
 *
 *     npm run build && node bench/page.ts [worker]      `worker`: only how much an open page slows a worker
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { findChromium, openBrowser } from '../scripts/chromium.ts';
import type { Config } from '../src/config.ts';
import { startServers } from '../src/embedded/servers.ts';
import { openGraphs } from '../src/graph/graphs.ts';
import type { GroupGraph } from '../src/graph/group-graph.ts';
import { loadConfig, MemoryManager } from '../src/index.ts';
import type { LanguageModel } from '../src/models/language-model.ts';
import { localDefaults } from '../src/models/local/language-model.ts';
import { readPage } from '../src/page/document.ts';
import { type PageServer, servePage } from '../src/page/serve.ts';
import { MINUTE, SECOND, toGraphTime } from '../src/time.ts';
import { startWorkers } from '../workers/main.ts';
import { freeEmbedder, syntheticData } from './synthetic.ts';
import { inMilliseconds, markdownTable, type Row } from './table.ts';

const [HUGE, LARGE] = [100_000, 5000];
const BATCH = 5000;
const OPENINGS = 7;
const STEPS = 200;
const WATCHED = 30 * SECOND;
const [PAIRS, JOBS] = [10, 4000];
/** Wait after opening or closing a page, so that the opening itself is not measured. */
const SETTLES = 2 * SECOND;
const LOOKS_EVERY = 20;
const IS_WORKER_ALONE = process.argv.includes('worker');

/** A third of the facts ended; they began over the last six years. */
async function fill(graph: GroupGraph, facts: number): Promise<void> {
  const entities = facts / 2;
  await graph.write('CREATE INDEX FOR ()-[x:RELATES_TO]-() ON (x.uuid, x.valid_at, x.invalid_at, x.created_at)');
  await graph.write('CREATE INDEX FOR (x:Entity) ON (x.uuid, x.name)');
  await graph.write(
    `UNWIND range(0, ${entities - 1}) AS n
     CREATE (:Entity {uuid: 'e' + toString(n), name: 'Thing ' + toString(n), group_id: $group, summary: ''})`,
    { group: graph.group },
  );
  const length = 6 * 365 * 24 * 60 * MINUTE;
  const start = Date.now() - length;
  const time = (at: number) => toGraphTime(new Date(at));
  for (let done = 0; done < facts; done += BATCH) {
    const rows = Array.from({ length: BATCH }, (_, place) => {
      const n = done + place;
      const at = start + (((n * 7919) % facts) / facts) * length;
      const isEnded = n % 3 === 0;
      return {
        ...{ n, source: `e${(n * 31) % entities}`, target: `e${(n * 17 + 1) % entities}` },
        ...{ from: time(at), to: isEnded ? time(at + 5e9) : null, created: time(at + 1e6) },
        expired: isEnded ? time(at + 6e9) : null,
      };
    });
    await graph.write(
      `UNWIND $rows AS x
       MATCH (a:Entity {uuid: x.source})
       WITH a, x
       MATCH (b:Entity {uuid: x.target})
       CREATE (a)-[:RELATES_TO {uuid: 'f' + toString(x.n), name: 'USES', fact: 'This thing uses the thing number ' + toString(x.n),
         episodes: ['p'], valid_at: x.from, invalid_at: x.to, created_at: x.created, expired_at: x.expired}]->(b)`,
      { rows },
    );
  }
}

const quantile = (values: readonly number[], share: number) =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;

/** Time from the start of the navigation until an element exists, in a browser with an empty cache. */
async function opening(browser: Browser, server: PageServer, path: string, awaited: string): Promise<Row> {
  const times: number[] = [];
  const frames: number[] = [];
  for (let count = 0; count < OPENINGS; count++) {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.addInitScript(`new MutationObserver((_, observer) => {
      if (document.querySelector('h1')) globalThis.frameShown ??= performance.now();
      if (!document.querySelector(${JSON.stringify(awaited)})) return;
      observer.disconnect();
      globalThis.firstContent = performance.now();
    }).observe(document, { childList: true, subtree: true })`);
    await page.goto(`${new URL(server.url).origin}${path}#token=${server.token}`);
    await page.locator(awaited).first().waitFor();
    times.push(await page.evaluate<number>('firstContent'));
    frames.push(await page.evaluate<number>('frameShown'));
    await context.close();
  }
  const middle = quantile(times, 0.5);
  return {
    figure: `first content of \`${path}\` after opening, ${HUGE.toLocaleString('en')} facts`,
    measured: `p50 ${inMilliseconds(middle)}, best of ${OPENINGS} ${inMilliseconds(Math.min(...times))} (frame of the page: ${inMilliseconds(quantile(frames, 0.5))}, ${inMilliseconds(Math.min(...frames))})`,
    goal: '≤ 300 ms',
    reached: middle <= 300,
  };
}

/** Time for script, style and layout of a step of the date line, and between two frames while it moves. */
async function dateLine(browser: Browser, server: PageServer): Promise<Row> {
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  await page.goto(`${new URL(server.url).origin}/timeline?memory=large&on=2025-01-01#token=${server.token}`);
  await page.getByRole('group', { name: `${LARGE.toLocaleString('en')} facts as bars` }).waitFor();
  const { work, frames } = await page.evaluate<{ work: number[]; frames: number[] }>(`(async () => {
    const slider = document.querySelector('[role=slider]');
    const frame = () => new Promise(requestAnimationFrame);
    const [work, frames] = [[], []];
    let last = await frame();
    for (let step = 0; step < ${STEPS}; step++) {
      const start = performance.now();
      slider.dispatchEvent(new KeyboardEvent('keydown', { key: step % 7 === 0 ? 'PageUp' : 'ArrowRight', bubbles: true }));
      await Promise.resolve().then(() => {}).then(() => {});
      document.body.getBoundingClientRect();
      work.push(performance.now() - start);
      const now = await frame();
      frames.push(now - last);
      last = now;
    }
    return { work, frames };
  })()`);
  await page.close();
  return {
    figure: `a step of the date line, ${LARGE.toLocaleString('en')} facts: script, style and layout`,
    measured: `p50 ${inMilliseconds(quantile(work, 0.5))}, p95 ${inMilliseconds(quantile(work, 0.95))}; from frame to frame p50 ${inMilliseconds(quantile(frames, 0.5))}`,
    goal: '≤ 16 ms',
    reached: quantile(work, 0.95) <= 16,
  };
}

/** Processor time of a process in seconds. */
function processorTime(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

interface Watched {
  readonly memory: MemoryManager;
  readonly pids: readonly number[];
}

/** The share of one processor that both servers use while an episode arrives every two seconds and no worker runs. */
async function load({ memory, pids }: Watched): Promise<number> {
  const used = () => pids.reduce((sum, pid) => sum + processorTime(pid), 0);
  const [before, start] = [used(), performance.now()];
  while (performance.now() - start < WATCHED) {
    await memory.enqueueEpisode('An episode that waits.');
    await sleep(2 * SECOND);
  }
  return ((used() - before) / (performance.now() - start)) * SECOND;
}

async function openPageCost(browser: Browser, server: PageServer, path: string, watched: Watched): Promise<Row> {
  const without = await load(watched);
  const page = await browser.newPage();
  await page.goto(`${new URL(server.url).origin}${path}#token=${server.token}`);
  await page.locator('h1').waitFor();
  const withPage = await load(watched);
  await page.close();
  const more = (withPage - without) * 100;
  return {
    figure: `processor time of both servers while \`${path}\` is open and the queue changes every 2 s`,
    measured: `${(withPage * 100).toFixed(1)} % of one processor, without a page ${(without * 100).toFixed(1)} %`,
    goal: '≤ 2 % more',
    reached: more <= 2,
  };
}

/** A model that finds nothing and takes no time, so that the queue is as busy as possible. */
const silent: LanguageModel = {
  ...localDefaults,
  id: 'silent',
  extract: async () => ({ entities: [], facts: [], ended: [] }),
  close: async () => {},
};

/**
 * The time of a worker for a batch, alternately with and without an open `/now`. The page's server and Chromium are separate
 * processes on this machine. The ratio of each pair counts, since the machine's other load changes slowly.
 */
async function slowedWorker(browser: Browser, config: Config): Promise<Row> {
  const own = { ...config, group: 'busy', queuePrefix: '{busy}', health: { host: '127.0.0.1', port: 0 } };
  const embedder = freeEmbedder(syntheticData(1));
  const workers = await startWorkers(own, ['store'], { languageModel: silent, embedder });
  const busy = new MemoryManager(own, { embedder });
  const ui = await startUi(own);
  const batch = async (): Promise<number> => {
    await sleep(SETTLES);
    const start = performance.now();
    const inputs = Array.from({ length: JOBS }, () => ({ content: 'Harbor keeps its sessions in Valkey 8.' }));
    await busy.enqueueEpisodes(inputs);
    for (let left = JOBS; left > 0; ) {
      await sleep(LOOKS_EVERY);
      const { waiting, active, delayed } = await busy.getJobCounts('store');
      left = waiting + active + delayed;
    }
    return performance.now() - start;
  };
  const beside = async (): Promise<number> => {
    const page = await browser.newPage();
    await page.goto(ui.url.replace('/#', '/now#'));
    await page.locator('.figures').waitFor();
    const took = await batch();
    await page.close();
    return took;
  };
  try {
    // The first batches are slower, because code is compiled and indexes are created.
    await beside();
    await batch();
    const ratios: number[] = [];
    const alone: number[] = [];
    for (let pair = 0; pair < PAIRS; pair++) {
      const isFirst = pair % 2 === 0;
      const before = isFirst ? await beside() : undefined;
      const without = await batch();
      ratios.push((before ?? (await beside())) / without);
      alone.push(without);
    }
    const percent = (ratio: number) => `${((ratio - 1) * 100).toFixed(1)} %`;
    const middle = quantile(ratios, 0.5);
    const noise = alone.slice(1).map((took, place) => took / (alone[place] ?? took));
    return {
      figure: `a busy worker slowed by an open \`/now\`, median of ${PAIRS} pairs of ${JOBS.toLocaleString('en')} episodes in turns`,
      measured: `${percent(middle)} (quartiles ${percent(quantile(ratios, 0.25))} and ${percent(quantile(ratios, 0.75))}; without a page from batch to batch ${percent(quantile(noise, 0.25))} to ${percent(quantile(noise, 0.75))}; ${Math.round((JOBS / quantile(alone, 0.5)) * SECOND)} episodes/s)`,
      goal: '≤ 2 %',
      reached: middle <= 1.02,
    };
  } finally {
    ui.stop();
    await busy.close();
    await workers.close();
  }
}

/** Starts the real program like a user. */
async function startUi({ valkey, falkordb, home, group, queuePrefix }: Config): Promise<{ url: string; stop(): void }> {
  const environment = {
    ...{ PATH: process.env.PATH, MEMORY_HOME: home, MEMORY_GROUP: group, MEMORY_QUEUE_PREFIX: queuePrefix },
    ...{ VALKEY_HOST: valkey.host, VALKEY_PORT: String(valkey.port), MEMORY_MODELS: 'local' },
    ...{ FALKORDB_HOST: falkordb.host, FALKORDB_PORT: String(falkordb.port) },
  };
  const program = fileURLToPath(new URL('../dist/bin/main.cjs', import.meta.url));
  const child = spawn(process.execPath, [program, 'ui', '--port', '0', '--json'], {
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(child.stdout, 'data');
  return { url: JSON.parse(String(line)).url, stop: () => void child.kill() };
}

/** The pid of a server, which this process has started. */
const pidOf = (server: object): number => ('pid' in server ? Number(server.pid) : Number.NaN);
const addressOf = ({ host, port }: { host: string; port: number }) => ({ host, port, tls: false });
const chromium = await findChromium();
if (typeof chromium === 'string') throw new Error(chromium);
const home = await mkdtemp(join(tmpdir(), 'memory-bench-page-'));
const servers = await startServers();
const config = {
  ...loadConfig({ MEMORY_MODELS: 'local', MEMORY_HOME: home, MEMORY_EXPORT_CRON: 'off' }),
  ...{ valkey: addressOf(servers.valkey), falkordb: addressOf(servers.falkordb), group: 'huge' },
};
const graphs = openGraphs(config.falkordb);
const memory = new MemoryManager(config);
const server = await servePage(memory, { port: 0, isReadOnly: true, version: '', allowedHosts: [] });
const browser = await openBrowser(chromium);
try {
  const slowed = await slowedWorker(browser, config);
  if (IS_WORKER_ALONE) console.log(markdownTable([slowed]));
  else console.log(markdownTable([...(await measured()), slowed]));
} finally {
  await browser.close();
  await server.close();
  await memory.close();
  graphs.close();
  await servers.stop();
  await rm(home, { recursive: true, force: true });
}

async function measured(): Promise<Row[]> {
  await fill(graphs.group('huge'), HUGE);
  await fill(graphs.group('large'), LARGE);
  const size = readPage().gzipped.length / 1000;
  const rows: Row[] = [
    { figure: 'the page over the wire, gzip', measured: `${size.toFixed(1)} kB`, goal: '≤ 70 kB', reached: size <= 70 },
  ];
  for (const [path, awaited] of [
    ['/now', '.figures'],
    ['/timeline', '.lines rect'],
    ['/entities', '.row'],
  ] as const)
    rows.push(await opening(browser, server, path, awaited));
  rows.push(await dateLine(browser, server));
  const watched = { memory, pids: [pidOf(servers.valkey), pidOf(servers.falkordb)] };
  for (const path of ['/now', '/timeline']) rows.push(await openPageCost(browser, server, path, watched));
  return rows;
}
