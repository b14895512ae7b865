/**
 * The whole path, twice: a coding agent's project, its answers and the briefing of its next session; and real text, of which every release of a
 * change log in node_modules becomes an episode. All go through queue and worker into the graph. Exit status 0 only if all of it worked.
 *
 *     npm run demo
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startServers } from '../src/embedded/servers.ts';
import { isOperationalError, loadConfig, MemoryManager } from '../src/index.ts';
import { MINUTE, SECOND } from '../src/time.ts';
import { PROJECT, PROJECT_QUESTIONS, type ProjectQuestion } from './demo/project.ts';
import { QUESTIONS, type Question } from './demo/questions.ts';
import { type Release, releasesOf } from './demo/releases.ts';
import { superviseWorker } from './demo/supervised-worker.ts';

const PACKAGE = 'axios';
const began = performance.now();
const run = Date.now();
const HARBOR = `demo-harbor-${run}`;

async function demo(folder: string, closers: (() => unknown)[]): Promise<void> {
  const servers = await startServers();
  closers.push(() => servers.stop());
  const environment = {
    ...process.env,
    FALKORDB_HOST: servers.falkordb.host,
    FALKORDB_PORT: String(servers.falkordb.port),
    VALKEY_HOST: servers.valkey.host,
    VALKEY_PORT: String(servers.valkey.port),
    MEMORY_MODELS: 'local',
    // Servers of the user's may hold other memories: these stay apart from them.
    MEMORY_GROUP: `demo-${run}`,
    MEMORY_QUEUE_PREFIX: `{demo-${run}}`,
    MEMORY_HOME: folder,
    MEMORY_EXPORT_DIR: process.env.MEMORY_EXPORT_DIR ?? 'exports',
  };
  const memory = new MemoryManager(loadConfig(environment));
  closers.push(() => memory.close());
  const worker = superviseWorker(environment, (how, pid) => {
    console.log(`  The worker ${how}; ${pid} took its place. What it held is taken over within 20 s.`);
  });
  closers.push(() => worker.stop());
  const whose = servers.own ? 'started for this demo' : 'yours';
  console.log(
    `Valkey and FalkorDB (${whose}), a worker (process ${worker.pid()}), local models, no key, no network.\n`,
  );

  await rememberProject(memory);
  for (const question of PROJECT_QUESTIONS) await askOfProject(memory, question);
  await showBriefing(memory);

  await remember(memory, releasesOf(PACKAGE));
  for (const question of QUESTIONS) await ask(memory, question);
  await showCache(memory);
  await showEntities(memory);
  await showExport(memory);
}

async function rememberProject(memory: MemoryManager): Promise<void> {
  console.log(`1. A coding agent works on Harbor for two weeks: ${PROJECT.length} turns and notes.\n`);
  const receipts = await memory.enqueueEpisodes(PROJECT.map((episode) => ({ ...episode, group: HARBOR })));
  for (const receipt of receipts) await memory.waitFor(receipt, { timeoutMs: 15 * MINUTE });
}

async function askOfProject(memory: MemoryManager, { about, text, holds, lacks }: ProjectQuestion): Promise<void> {
  const answer = await memory.queryMemory(text, 3, { group: HARBOR });
  console.log(`${about}\n\n> ${text}\n${answer}\n`);
  const missing = holds.find((part) => !answer.includes(part));
  if (missing !== undefined) throw new Error(`the answer to "${text}" should hold "${missing}"`);
  if (lacks?.test(answer)) throw new Error(`the answer to "${text}" tells what was replaced`);
}

async function showBriefing(memory: MemoryManager): Promise<void> {
  const { text, tokens, rules } = await memory.getBriefing({ group: HARBOR });
  console.log(
    `The next session begins with this briefing (about ${tokens} tokens), before the first question:\n\n${text}\n`,
  );
  if (!rules.some((rule) => rule.text.startsWith('Always run the linter')))
    throw new Error("the user's rule is missing");
}

async function remember(memory: MemoryManager, releases: readonly Release[]): Promise<void> {
  if (releases.length < 60) throw new Error(`only ${releases.length} releases in the change log of ${PACKAGE}`);
  const days = [releases[0], releases.at(-1)].map((release) => release?.date.toISOString().slice(0, 10));
  console.log(`2. Real text: ${releases.length} releases of ${PACKAGE}, from ${days[0]} to ${days[1]} …`);
  const start = performance.now();
  for (const { text, version, date } of releases)
    await memory.storeEpisode(text, { package: PACKAGE, version }, { referenceTime: date });
  const stored = performance.now() - start;
  await committed(memory, releases.length);
  const { episodes, entities, facts } = await memory.getGraphSize();
  console.log(`  All in the queue after ${seconds(stored)}, all in the graph after ${since(start)}:`);
  console.log(`  ${episodes} episodes, ${entities} entities, ${facts} facts.\n`);
  if (episodes !== releases.length) throw new Error(`${releases.length - episodes} episodes are missing`);
}

async function committed(memory: MemoryManager, wanted: number): Promise<void> {
  const before = PROJECT.length;
  let told = 0;
  for (const end = Date.now() + 15 * MINUTE; Date.now() < end; await sleep(0.2 * SECOND)) {
    const { completed: all, failed } = await memory.getJobCounts('store');
    const completed = all - before;
    if (failed > 0) throw new Error(`${failed} episodes could not be read`);
    if (process.stdout.isTTY) process.stdout.write(`\r  ${completed} of ${wanted}`);
    else if (completed >= told + 20 && completed < wanted) {
      told = completed;
      console.log(`  ${completed} of ${wanted}`);
    }
    if (completed === wanted) {
      if (process.stdout.isTTY) process.stdout.write('\r\x1b[K');
      return;
    }
  }
  throw new Error('the worker did not read the episodes within fifteen minutes');
}

async function ask(memory: MemoryManager, { text, release, asOf }: Question): Promise<void> {
  const options = asOf ? { asOf: new Date(asOf) } : {};
  const answer = await memory.queryMemory(text, 3, options);
  console.log(`> ${text}${asOf ? ` (as of ${asOf})` : ''}\n${answer}\n`);
  if (!answer.split('\n')[0]?.includes(`${PACKAGE} ${release}`))
    throw new Error(`the first answer to "${text}" should name ${PACKAGE} ${release}`);
  const days = [...answer.matchAll(/since (\d{4}-\d\d-\d\d)/g)].map(([, day = '']) => day);
  if (asOf && days.some((day) => day > asOf)) throw new Error(`an answer as of ${asOf} tells of later things`);
}

async function showCache(memory: MemoryManager): Promise<void> {
  const timed = async () => {
    const start = performance.now();
    const answer = await memory.queryMemory('What was fixed about AxiosHeaders?', 3);
    return { answer, time: performance.now() - start };
  };
  const [cold, cached] = [await timed(), await timed()];
  console.log(`> What was fixed about AxiosHeaders?\n${cold.answer}\n`);
  console.log('The same question again:');
  console.log(`  from the graph ${cold.time.toFixed(1)} ms, from the cache ${cached.time.toFixed(2)} ms\n`);
  if (cached.answer !== cold.answer) throw new Error('the cached answer differs');
}

async function showEntities(memory: MemoryManager): Promise<void> {
  const entities = await memory.getEntities();
  const types = Map.groupBy(entities, ({ type }) => type);
  console.log(`${entities.length} entities:`);
  for (const [type, all] of [...types].sort((a, b) => b[1].length - a[1].length)) {
    const some = all.slice(0, 5).map(({ name }) => name);
    console.log(
      `  ${type.padEnd(12)} ${String(all.length).padStart(4)}  ${some.join(', ')}${all.length > 5 ? ', …' : ''}`,
    );
  }
  if (!types.get('Version')?.some(({ name }) => name === `${PACKAGE} 1.7.2`))
    throw new Error('no entity for a release');
}

async function showExport(memory: MemoryManager): Promise<void> {
  const exported = await memory.export();
  const file = join(exported.location, exported.file);
  const document = JSON.parse(await readFile(file, 'utf8')) as { nodes: unknown[]; edges: unknown[] };
  console.log(`\nExported to ${file}: ${document.nodes.length} nodes, ${document.edges.length} edges, valid JSON.\n`);
}

const seconds = (milliseconds: number): string => `${(milliseconds / SECOND).toFixed(1)} s`;
const since = (start: number): string => seconds(performance.now() - start);

const closers: (() => unknown)[] = [];
const folder = await mkdtemp(join(tmpdir(), 'memory-demo-'));
async function cleanUp(): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close();
  await rm(folder, { recursive: true, force: true });
}
let isEnding = false;
function endWith(status: number): void {
  if (isEnding) return;
  isEnding = true;
  void cleanUp().finally(() => process.exit(status));
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => endWith(1));
// The reader closed the output early, as in `npm run demo | head`: that is not a failure.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => endWith(0));
try {
  await demo(folder, closers);
  console.log(`All of it worked, in ${since(began)}. Next, with a memory of your own that stays:

  memory-manager up
  memory-manager store "Harbor keeps its sessions in Valkey 8."
  memory-manager query "Where does Harbor keep its sessions?"
  memory-manager down`);
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  // What is taken away at the end fails on the way.
  if (!isEnding) console.error(isOperationalError(error) ? message : `The demo failed: ${message}`);
  process.exitCode = 1;
} finally {
  await cleanUp();
}
