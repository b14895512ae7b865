/**
 * Measures the memory of coding agents: new sessions of the real agents that start with the briefing, on a loaded machine; hook processes beside
 * `node -e 0`; turns of the real agents stored over a killed agent, a missing Valkey, a full spool and a full disk; the same for hooks alone, whose
 * processes are killed; recalled text that is stored again; an import of past sessions, twice.
 *
 *     npm run build && npm run agent-hosts && node bench/agents.ts
 *     node bench/agents.ts --sessions 3 --turns 300 --calls 10     # fewer of each
 *     node bench/agents.ts --only import --only repeated           # some of the figures, alone
 *
 * `--only` sessions, hooks, hosts, failures, repeated or import; default: all. `--agent` opencode, claude-code or codex; default: all.
 * `--sessions` (20) of each agent, `--load` (4) busy processes at the same time, `--calls` (40) of each hook, `--hosted` (5) turns
 * of each agent per failure (`--failure` names one), `--stored` (100) turns of hooks alone per failure,
 * `--repeated` (1,000) turns of each agent that repeat what was recalled, `--turns` (10,000) to import.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { Redis } from 'ioredis';
import { type AgentHost, agentProgram } from '../scripts/agent-hosts.mjs';
import { scopeOf } from '../src/agents/scope.ts';
import { openWorkerAnswers } from '../src/cli/worker-answers.ts';
import { loadConfig } from '../src/config.ts';
import { startServers } from '../src/embedded/servers.ts';
import { MemoryManager } from '../src/memory.ts';
import { loadEmbedder } from '../src/models/providers.ts';
import { SECOND } from '../src/time.ts';
import { serveWorkerSocket } from '../src/worker-socket/serve.ts';
import { startTranscript } from '../test/support/claude-transcript.ts';
import { CLAUDE_CODE } from '../test/support/hosts/claude-agent.ts';
import { CODEX } from '../test/support/hosts/codex-agent.ts';
import type { AgentKind } from '../test/support/hosts/coding-agent.ts';
import { makeAgentFolders } from '../test/support/hosts/place.ts';
import { makeOpencodeFolders, newSession, sendPrompt, startHost } from '../test/support/opencode/host.ts';
import { shownTo, startStubModel } from '../test/support/opencode/stub-model.ts';
import { mountSmallDisk, noSmallDisk, type SmallDisk } from '../test/support/small-disk.ts';
import { startWorkers } from '../workers/main.ts';
import { type FailingAgent, openHookedAgent, openOpencode } from './agents/failing-agent.ts';
import { measureHookTimes } from './agents/hook-times.ts';
import { measureTurnsOverFailures } from './agents/host-failures.ts';
import { type RepeatedTextOptions, repeatedInHooks, repeatedInOpencode } from './agents/repeated-text.ts';
import { markdownTable, type Row } from './table.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    agent: { type: 'string', multiple: true },
    failure: { type: 'string', multiple: true },
    sessions: { type: 'string', default: '20' },
    load: { type: 'string', default: '4' },
    calls: { type: 'string', default: '40' },
    hosted: { type: 'string', default: '5' },
    stored: { type: 'string', default: '100' },
    repeated: { type: 'string', default: '1000' },
    turns: { type: 'string', default: '10000' },
  },
});
const MAIN = fileURLToPath(new URL('../dist/bin/main.cjs', import.meta.url));
const PLUGIN = new URL('../dist/opencode.js', import.meta.url).href;
const FACT = 'Harbor keeps its sessions in Valkey 8.';
const GROUP = 'bench-agents';
const run = promisify(execFile);

const FIGURES = ['sessions', 'hooks', 'hosts', 'failures', 'repeated', 'import'] as const;
const isWanted = (figure: (typeof FIGURES)[number]) => values.only?.includes(figure) ?? true;
for (const name of values.only ?? [])
  if (!FIGURES.some((figure) => figure === name)) throw new Error(`--only takes ${FIGURES.join(', ')}.`);

const folder = mkdtempSync(join(tmpdir(), 'memory-agents-bench-'));
const servers = await startServers();
const config = {
  ...loadConfig({}),
  valkey: { host: servers.valkey.host, port: servers.valkey.port, tls: false },
  falkordb: { host: servers.falkordb.host, port: servers.falkordb.port, tls: false },
  home: join(folder, 'home'),
  models: 'local' as const,
  group: GROUP,
};
mkdirSync(config.home, { mode: 0o700 });
const fillsDisk = isWanted('failures') || isWanted('hosts');
const disk = fillsDisk && noSmallDisk === '' ? mountSmallDisk(config.home, 64 * 1024) : undefined;
const environment: Record<string, string> = {
  PATH: process.env.PATH ?? '',
  HOME: join(folder, 'user'),
  MEMORY_HOME: config.home,
  MEMORY_MODELS: 'local',
  VALKEY_HOST: config.valkey.host,
  VALKEY_PORT: String(config.valkey.port),
  FALKORDB_HOST: config.falkordb.host,
  FALKORDB_PORT: String(config.falkordb.port),
};
const embedder = await loadEmbedder(config);
const workers = await startWorkers(config, ['store'], { embedder });
// As `memory-manager worker` does.
const answers = openWorkerAnswers(loadConfig(environment), embedder);
const socket = serveWorkerSocket(config.home, answers.answers);
const memory = new MemoryManager(config);
const rows: Row[] = [];

function row(figure: string, measured: string, goal: string, reached: boolean): void {
  rows.push({ figure, measured, goal, reached });
  console.error(`${figure}: ${measured}`);
}

/** Keeps the machine busy with other processes while `work` runs. */
async function underLoad<T>(work: () => Promise<T>): Promise<T> {
  const busy = Array.from({ length: Number(values.load) }, () => spawn(process.execPath, ['-e', 'for (;;);']));
  try {
    return await work();
  } finally {
    for (const child of busy) child.kill('SIGKILL');
  }
}

/** @returns the memory of the folder's project */
async function rememberFact(directory: string): Promise<string> {
  const { group } = scopeOf({ directory, environment: {} });
  await memory.waitFor(await memory.enqueueEpisode(FACT, {}, { group }));
  return group;
}

/** The number of new sessions of an agent with hooks whose first request contains the fact. */
async function sessionsOf(kind: AgentKind, count: number): Promise<number> {
  const program = agentProgram(kind.name) ?? '';
  const place = await makeAgentFolders();
  const model = await kind.startModel(() => ({ text: 'Understood.' }));
  try {
    await kind.prepare(place, model.url);
    const own = { ...environment, HOME: place.home };
    await run(process.execPath, [MAIN, 'install', kind.name, '--yes'], { env: own, cwd: place.project });
    await rememberFact(place.project);
    let informed = 0;
    for (let session = 0; session < count; session += 1) {
      const requestsBefore = model.requests.length;
      const child = spawn(program, kind.turn(`Question ${session}`, undefined, []), {
        cwd: place.project,
        env: { ...own, ...kind.environment(place, model.url) },
        stdio: 'ignore',
      });
      await once(child, 'close');
      if (model.requests[requestsBefore]?.shown.includes(FACT)) informed += 1;
    }
    return informed;
  } finally {
    await model.close();
    await place.remove();
  }
}

async function sessionsOfOpencode(count: number): Promise<number> {
  const place = await makeOpencodeFolders();
  const model = await startStubModel(() => ({ text: 'Understood.' }));
  await rememberFact(place.project);
  const host = await startHost(model.url, { place, environment, config: { plugin: [PLUGIN] } });
  try {
    let informed = 0;
    for (let session = 0; session < count; session += 1) {
      const requestsBefore = model.requests.length;
      await sendPrompt(host, await newSession(host), `Question ${session}`);
      const first = model.requests[requestsBefore];
      if (first && shownTo(first).includes(FACT)) informed += 1;
    }
    return informed;
  } finally {
    await host.stop('SIGKILL');
    await model.close();
    await place.remove();
  }
}

interface HookRun {
  readonly child: ChildProcess;
  readonly output: Promise<string>;
}

function hook(event: string, input: object, extra: Record<string, string> = {}, { host = '' } = {}): HookRun {
  const memory = host ? ['--host', host] : ['--host', 'claude-code', '--group', GROUP];
  const child = spawn(process.execPath, [MAIN, 'hook', event, ...memory], {
    env: { ...environment, ...extra },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  // Writing to a killed hook fails with EPIPE.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(JSON.stringify({ cwd: folder, ...input }));
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  return { child, output: once(child, 'close').then(() => text) };
}

/** The contents of the group's episodes once no job waits. */
async function contents(group: string): Promise<readonly string[]> {
  for (;;) {
    const { waiting, active, delayed } = await memory.getJobCounts('store');
    if (waiting + active + delayed === 0) break;
    await new Promise((resolve) => setTimeout(resolve, SECOND / 4));
  }
  const client = new Redis({ host: config.falkordb.host, port: config.falkordb.port });
  try {
    const query = 'MATCH (e:Episodic) RETURN e.content';
    // The graph does not exist before the first episode.
    if ((await client.exists(group)) === 0) return [];
    const [, found] = (await client.call('GRAPH.RO_QUERY', group, query)) as [unknown, [string][]];
    return found.map(([content]) => content);
  } finally {
    client.disconnect();
  }
}

interface Failure {
  readonly name: string;
  readonly extra?: Record<string, string>;
  readonly kills?: boolean;
  readonly fills?: SmallDisk;
}

const FAILURES: readonly Failure[] = [
  { name: 'hooks killed', kills: true },
  { name: 'Valkey away', extra: { VALKEY_PORT: '1' } },
  { name: 'spool full', extra: { MEMORY_SPOOL_LIMIT: '1', VALKEY_PORT: '1' } },
  ...(disk ? [{ name: 'disk full', fills: disk }] : []),
];

async function storedOver(count: number): Promise<void> {
  for (const { name, extra, kills, fills } of FAILURES) {
    const session = name.replaceAll(' ', '-');
    const path = join(folder, `${session}.jsonl`);
    const transcript = startTranscript(path, session);
    const input = { session_id: session, transcript_path: path };
    for (let turn = 0; turn < count; turn += 1) {
      transcript.user(`${session} question ${turn}.`);
      transcript.says(`${session} answer ${turn}.`);
      fills?.fill();
      const { child, output } = hook('Stop', input, extra);
      if (kills) setTimeout(() => child.kill('SIGKILL'), Math.random() * 120);
      await output;
    }
    // The next event of the session, with all servers and disk space back.
    fills?.free();
    await hook('SessionEnd', input).output;
    if (kills) {
      // The last killed hook may have held the session's lock, which expires after ten seconds.
      await new Promise((resolve) => setTimeout(resolve, 11 * SECOND));
      await hook('SessionEnd', input).output;
    }
    await until(
      async () => (await contents(GROUP)).filter((text) => text.includes(`${session} question`)).length >= count,
    );
    const stored = (await contents(GROUP)).filter((text) => text.includes(`${session} question`));
    const once = new Set(stored).size;
    const measured = `${once} of ${count} stored, ${stored.length - once} twice`;
    row(`turns over ${name}`, measured, 'all, once', once === count && stored.length === count);
  }
}

const repeated: RepeatedTextOptions = {
  ...{ count: Number(values.repeated), folder, fact: FACT, plugin: PLUGIN, environment, row },
  remember: rememberFact,
  hook: (host, event, input) => hook(event, input, {}, { host }).output,
  contents: async (group, text, count) => {
    await until(async () => (await contents(group)).filter((content) => content.includes(text)).length >= count);
    return contents(group);
  },
};

async function importTwice(count: number): Promise<void> {
  const claude = join(folder, 'claude');
  const project = join(claude, 'projects', '-tmp-past');
  mkdirSync(project, { recursive: true });
  const perSession = 10;
  for (let turn = 0; turn < count; turn += perSession) {
    const transcript = startTranscript(join(project, `past-${turn}.jsonl`), `past-${turn}`);
    for (let one = turn; one < Math.min(count, turn + perSession); one += 1) {
      transcript.user(`Past question ${one}: which port? The key is sk-proj-a1B2c3D4e5F6g7H8i9J0k1L2m3N4.`);
      transcript.says(`Past answer ${one}: port ${4000 + one}.`);
    }
  }
  const began = performance.now();
  const own = { ...environment, CLAUDE_CONFIG_DIR: claude };
  const bring = () =>
    run(process.execPath, [MAIN, 'import', 'claude-code', '--group', 'bench-past', '--yes'], {
      env: own,
      maxBuffer: 2 ** 27,
    });
  await bring();
  await until(async () => (await contents('bench-past')).length >= count);
  const took = (performance.now() - began) / SECOND;
  await bring();
  const texts = await contents('bench-past');
  const questions = texts.flatMap((text) => /Past question \d+/.exec(text)?.[0] ?? []);
  const distinct = new Set(questions).size;
  const secrets = texts.filter((text) => text.includes('a1B2c3D4')).length;
  row(
    `${count} past turns imported twice`,
    `${questions.length - distinct} doubled, ${count - distinct} lost, ${secrets} secrets; ${took.toFixed(0)} s`,
    '0, 0, 0',
    distinct === count && questions.length === count && secrets === 0,
  );
}

async function until(isDone: () => Promise<boolean>): Promise<void> {
  for (let last = -1, still = 0; still < 40; still += 1) {
    if (await isDone().catch(() => false)) return;
    const size = (await memory.getGraphSize().catch(() => undefined))?.episodes ?? 0;
    if (size !== last) still = 0;
    last = size;
    await new Promise((resolve) => setTimeout(resolve, SECOND / 2));
  }
}

interface MeasuredAgent {
  readonly name: string;
  readonly agent: AgentHost;
  readonly sessions: (count: number) => Promise<number>;
  readonly open: () => Promise<FailingAgent>;
}

const hooked = (name: string, kind: AgentKind): MeasuredAgent => ({
  ...{ name, agent: kind.name, sessions: (count) => sessionsOf(kind, count) },
  open: () => openHookedAgent(name, kind, MAIN, environment),
});
const AGENTS: readonly MeasuredAgent[] = [
  {
    ...{ name: 'opencode', agent: 'opencode', sessions: sessionsOfOpencode },
    open: () => openOpencode(PLUGIN, environment),
  },
  hooked('Claude Code', CLAUDE_CODE),
  hooked('Codex', CODEX),
];

async function hostFailures({ open }: MeasuredAgent, count: number): Promise<void> {
  const opened = await open();
  try {
    await measureTurnsOverFailures(opened, { count, disk, only: values.failure, contents, row });
  } finally {
    await opened.close();
  }
}

try {
  const [sessions, hosted] = [Number(values.sessions), Number(values.hosted)];
  if (fillsDisk && !disk) console.error(`turns over a full disk${noSmallDisk}`);
  for (const measured of AGENTS.filter(({ agent }) => values.agent?.includes(agent) ?? true)) {
    const { name, agent } = measured;
    if (!agentProgram(agent)) {
      console.error(`skipped: ${name} is not here; npm run agent-hosts installs it`);
      continue;
    }
    if (isWanted('sessions') && sessions > 0) {
      const informed = await underLoad(() => measured.sessions(sessions));
      const figure = `new sessions of ${name} that start with the briefing, load ${values.load}`;
      row(figure, `${informed} of ${sessions}`, 'all', informed === sessions);
    }
    if (isWanted('hosts') && hosted > 0) await hostFailures(measured, hosted);
  }
  const calls = Number(values.calls);
  if (isWanted('hooks') && calls > 0)
    await measureHookTimes({ count: calls, folder, hook: (event, input) => hook(event, input).output, row });
  if (isWanted('failures') && Number(values.stored) > 0) await storedOver(Number(values.stored));
  if (isWanted('repeated') && repeated.count > 0) {
    const wants = (agent: AgentHost) => values.agent?.includes(agent) ?? true;
    for (const host of ['claude-code', 'codex'] as const) if (wants(host)) await repeatedInHooks(host, repeated);
    if (wants('opencode') && agentProgram('opencode')) await repeatedInOpencode(repeated);
  }
  if (isWanted('import') && Number(values.turns) > 0) await importTwice(Number(values.turns));
  console.log(markdownTable(rows));
} finally {
  socket.close();
  await answers.close();
  await memory.close();
  await workers.close();
  await embedder.close();
  await servers.stop();
  disk?.unmount();
  rmSync(folder, { recursive: true, force: true });
}
process.exit();
