/**
 * Compares this version with a built copy of another one, in the same run and in turns, and prints ratios.
 *
 *     node bench/compare.ts <built copy> [--part bytes-same,bytes-local,bytes-tools,commit,times] [--facts 10000,100000] [--episodes 300]
 *
 * A built copy has `dist/` and `node_modules/`, as `git worktree add`, `npm ci` and `npm run build` make one. This version's `dist/` is measured too.
 */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { type Config, loadConfig } from '../src/config.ts';
import { type Servers, startServers } from '../src/embedded/servers.ts';
import type { EpisodeInput } from '../src/index.ts';
import { MINUTE } from '../src/time.ts';
import { fiveFactsModel, prepareGraph } from './figures.ts';
import { compareAll, type Times } from './measure.ts';
import { freeEmbedder, syntheticData } from './synthetic.ts';
import { asFactor, inMilliseconds, markdownTable, type Row } from './table.ts';

/** The modules of a built copy that the comparison calls; both versions must have them. */
interface Copy {
  readonly name: string;
  readonly library: typeof import('../src/index.ts');
  readonly workers: typeof import('../workers/main.ts');
  readonly graphs: typeof import('../src/graph/graphs.ts');
  readonly ingest: typeof import('../src/ingest/ingest.ts');
  readonly episode: typeof import('../src/episode.ts');
  readonly connections: typeof import('../src/valkey/connections.ts');
  readonly lease: typeof import('../src/valkey/lease.ts');
  readonly config: typeof import('../src/config.ts');
}

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LIMITS = { query: 1.5, commit: 1.2, bytes: 1.5 };

const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    part: { type: 'string', default: 'bytes-same,bytes-local,bytes-tools,commit,times' },
    facts: { type: 'string', default: '10000,100000' },
    episodes: { type: 'string', default: '300' },
    questions: { type: 'string', default: '500' },
  },
});
const [folder] = positionals;
if (folder === undefined) {
  console.error('Say which built copy to compare with: node bench/compare.ts <folder>');
  process.exit(1);
}
const copies = [await openCopy('this', ROOT), await openCopy('other', resolve(folder))] as const;
const parts = given.part.split(',');

async function openCopy(name: string, root: string): Promise<Copy> {
  const load = (path: string) => import(pathToFileURL(join(root, 'dist', path)).href);
  return {
    name,
    library: await load('src/index.js'),
    workers: await load('workers/main.js'),
    graphs: await load('src/graph/graphs.js'),
    ingest: await load('src/ingest/ingest.js'),
    episode: await load('src/episode.js'),
    connections: await load('src/valkey/connections.js'),
    lease: await load('src/valkey/lease.js'),
    config: await load('src/config.js'),
  };
}

async function withServers<T>(work: (config: Config, servers: Servers) => Promise<T>): Promise<T> {
  const home = mkdtempSync(join(tmpdir(), 'memory-compare-'));
  const servers = await startServers({ dataFolder: home });
  try {
    return await work(
      {
        ...loadConfig({}),
        falkordb: { host: servers.falkordb.host, port: servers.falkordb.port, tls: false },
        valkey: { host: servers.valkey.host, port: servers.valkey.port, tls: false },
        models: 'local',
        home: join(home, 'home'),
        nightly: undefined,
        exportDir: join(home, 'exports'),
        logLevel: 'silent',
        health: { host: '127.0.0.1', port: 0 },
      },
      servers,
    );
  } finally {
    await servers.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

async function measureTimes(config: Config): Promise<Row[]> {
  const found: Row[] = [];
  const note = (...some: Row[]) => {
    found.push(...some);
    for (const { figure, measured } of some) console.error(`  ${figure}: ${measured}`);
  };
  const falkordb = connect(config.falkordb);
  for (const facts of given.facts.split(',').map(Number)) {
    console.error(`making a graph of ${facts} facts with passages …`);
    await prepareGraph(config, facts, (done) => done % 10_000 === 0 && console.error(`  ${done}`));
    if (parts.includes('times')) {
      console.error('asking …');
      note(queryRow(facts, await askInTurns(config, facts)));
    }
    if (parts.includes('commit') && facts <= 10_000) {
      console.error('committing …');
      note(...(await commitRows(config, falkordb, facts)));
    }
  }
  falkordb.disconnect();
  return found;
}

/** The other copy may be older, and may name it `patientConnection`. */
const openConnection = (connections: Copy['connections'], address: Config['valkey']): Redis =>
  (
    connections.retryingConnection ??
    (connections as unknown as Record<string, (address: object) => Redis>).patientConnection
  )(address);

const connect = ({ host, port }: Config['valkey']): Redis => new Redis({ host, port });

/** Both versions query the same graph in turn. The other version ignores the passages. */
async function askInTurns(config: Config, facts: number): Promise<readonly Times[]> {
  const group = `bench${facts}`;
  const memories = copies.map(({ library }) => {
    const source = syntheticData(3);
    const memory = new library.MemoryManager({ ...config, group }, { embedder: freeEmbedder(source) });
    return { memory, source };
  });
  const falkordb = connect(config.falkordb);
  const measured = await compareAll(Number(given.questions), [
    ...memories.map(
      ({ memory, source }) =>
        () =>
          memory.queryMemory(source.words(5), 5, { cache: false }),
    ),
    () => falkordb.call('GRAPH.RO_QUERY', group, 'RETURN 1'),
  ]);
  falkordb.disconnect();
  for (const { memory } of memories) await memory.close();
  return measured;
}

function queryRow(facts: number, [ours, theirs, trip]: readonly Times[]): Row {
  if (!ours || !theirs || !trip) throw new Error('Nothing was measured.');
  const [p50, p99] = [ours.p50 / theirs.p50, ours.p99 / theirs.p99];
  return {
    figure: `uncached \`query\`, ${facts.toLocaleString('en')} facts with passages`,
    measured: `p50 ${inMilliseconds(ours.p50)} / ${inMilliseconds(theirs.p50)} = ${asFactor(p50)}, p99 ${inMilliseconds(ours.p99)} / ${inMilliseconds(theirs.p99)} = ${asFactor(p99)} (\`RETURN 1\`: ${inMilliseconds(trip.p50)})`,
    goal: `≤ ${LIMITS.query} ×`,
    reached: p50 <= LIMITS.query && p99 <= LIMITS.query,
  };
}

/** An episode of 5 new entities and 5 new facts, with models that take no time. Each version has its own graphs. */
async function commitRows(config: Config, falkordb: Redis, facts: number): Promise<Row[]> {
  const opened = await Promise.all(
    copies.map(async ({ name, graphs, ingest, episode, connections, lease }) => {
      const full = `bench${facts}-${name}`;
      console.error(`  copying for ${name} …`);
      await falkordb.call('GRAPH.COPY', `bench${facts}`, full);
      const [pool, valkey] = [graphs.openGraphs(config.falkordb), openConnection(connections, config.valkey)];
      const leases = lease.openLeases(valkey, config.takeoverMs);
      const take = ingest.openIngest(pool, valkey, leases, {
        model: fiveFactsModel(),
        embedder: freeEmbedder(syntheticData(2)),
      });
      let empty = 0;
      return {
        full: (round: number) => take(episode.newEpisode(fiveSentences(round), null, full, 10_000)),
        // A graph with a few hundred episodes is no longer empty: a new one for every ten.
        empty(round: number) {
          const group = `bench-empty-${name}-${round < 0 ? 0 : (empty++ / 10) | 0}`;
          return take(episode.newEpisode(fiveSentences(round), null, group, 10_000));
        },
        async close() {
          await pool.close();
          leases.close();
          valkey.disconnect();
        },
      };
    }),
  );
  const measured = await compareAll(
    150,
    opened.flatMap((graphs) => [graphs.empty, graphs.full]),
  );
  for (const graphs of opened) await graphs.close();
  const [emptyOurs, fullOurs, emptyTheirs, fullTheirs] = measured;
  return [
    commitRow('an empty graph', emptyOurs, emptyTheirs),
    commitRow(`${facts.toLocaleString('en')} facts`, fullOurs, fullTheirs),
  ];
}

/** The sentences of the facts in `fiveFacts`. */
function fiveSentences(round: number): string {
  const count = round + 100;
  return [0, 1, 2, 3, 4]
    .map((index) => `Part ${count}-${index} hands its results over to Part ${count}-${(index + 1) % 5}.`)
    .join(' ');
}

function commitRow(into: string, ours: Times | undefined, theirs: Times | undefined): Row {
  if (!ours || !theirs) throw new Error('Nothing was measured.');
  const ratio = ours.p50 / theirs.p50;
  return {
    figure: `episode of 5 entities and 5 facts, record to commit, into ${into}`,
    measured: `p50 ${inMilliseconds(ours.p50)} / ${inMilliseconds(theirs.p50)} = ${asFactor(ratio)}, p99 ${inMilliseconds(ours.p99)} / ${inMilliseconds(theirs.p99)}`,
    goal: `≤ ${LIMITS.commit} ×`,
    reached: ratio <= LIMITS.commit,
  };
}

interface Sizes {
  /** Bytes of memory. */
  readonly memory: number;
  /** Bytes of the append-only file after a rewrite, which is the size of a snapshot. */
  readonly disk: number;
}

const NAMES = {
  local: 'local models',
  same: 'the same 5 facts each',
  tools: 'the same 5 facts each, turns with 10 calls of tools',
};
type Kind = keyof typeof NAMES;

type Store = 'falkordb' | 'valkey';

/**
 * The same episodes through the queue and a worker, each version with its own servers.
 * @param kind `local`: each version extracts with its own rules. `same`: five facts between five entities for every
 * episode. `tools`: like `same`, with turns that contain inputs and outputs of tools, which are searched as passages.
 */
async function bytes(count: number, kind: Kind): Promise<Row[]> {
  const episodes = kind === 'tools' ? ordinaryEpisodes(count).map(withTools) : ordinaryEpisodes(count);
  const letters =
    episodes.reduce((sum, { content, metadata }) => sum + `${content}${JSON.stringify(metadata ?? '')}`.length, 0) /
    count;
  const measured: Record<Store, Sizes>[] = [];
  for (const copy of copies) {
    console.error(`storing ${count} episodes with ${copy.name}, ${NAMES[kind]} …`);
    measured.push(await withServers((config) => grownBy(copy, config, episodes, kind)));
  }
  const [ours, theirs] = measured;
  return (['falkordb', 'valkey'] as const).flatMap((store) =>
    (['memory', 'disk'] as const).map((where) => {
      const [own, other] = [(ours?.[store][where] ?? 0) / count, (theirs?.[store][where] ?? 1) / count];
      return {
        figure: `${store === 'valkey' ? 'Valkey' : 'FalkorDB'}, bytes of ${where} for each of ${count} episodes of ${Math.round(letters)} characters, ${NAMES[kind]}`,
        measured: `${Math.round(own).toLocaleString('en')} / ${Math.round(other).toLocaleString('en')} = ${asFactor(own / other)}`,
        goal: `≤ ${LIMITS.bytes} ×`,
        reached: own / other <= LIMITS.bytes,
      };
    }),
  );
}

async function grownBy(
  copy: Copy,
  base: Config,
  episodes: readonly EpisodeInput[],
  kind: Kind,
): Promise<Record<Store, Sizes>> {
  // A version's own defaults: settings have other names in other versions.
  const { falkordb, valkey, models, home, nightly, exportDir, logLevel, health } = base;
  const given = { falkordb, valkey, models, home, nightly, exportDir, logLevel, health };
  const config = { ...copy.config.loadConfig({}), ...given, group: 'bytes' };
  const own = kind !== 'local' ? { languageModel: fiveFactsModel(), embedder: freeEmbedder(syntheticData(2)) } : {};
  const worker = await copy.workers.startWorkers(config, ['store'], own);
  const memory = new copy.library.MemoryManager(config);
  const store = async (some: readonly EpisodeInput[]) => {
    // Versions before 0.1.0 have other names.
    const { ended, enqueueMany } = memory as {
      ended?: (receipt: object, options: object) => Promise<unknown>;
      enqueueMany?: typeof memory.enqueueEpisodes;
    };
    for (const receipt of await (enqueueMany ?? memory.enqueueEpisodes).call(memory, [...some])) {
      await (ended?.call(memory, receipt, { limit: 30 * MINUTE }) ??
        memory.waitFor(receipt, { timeoutMs: 30 * MINUTE }));
    }
  };
  const servers = { falkordb: connect(config.falkordb), valkey: connect(config.valkey) };
  // Indexes and scripts, which exist before the first episode, must not count as an episode's bytes.
  await store([{ content: 'Harbor uses Redis.' }]);
  const before = { falkordb: await sizes(servers.falkordb), valkey: await sizes(servers.valkey) };
  await store(episodes);
  const after = { falkordb: await sizes(servers.falkordb), valkey: await sizes(servers.valkey) };
  await memory.close();
  await worker.close();
  for (const server of Object.values(servers)) server.disconnect();
  const grown = (store: Store) => ({
    memory: after[store].memory - before[store].memory,
    disk: after[store].disk - before[store].disk,
  });
  return { falkordb: grown('falkordb'), valkey: grown('valkey') };
}

async function sizes(server: Redis): Promise<Sizes> {
  const info = async (section: string, name: string) =>
    new RegExp(`^${name}:(\\S+)`, 'm').exec(await server.info(section))?.[1] ?? '';
  await server.call('BGREWRITEAOF');
  do await sleep(200);
  while (
    (await info('persistence', 'aof_rewrite_in_progress')) === '1' ||
    (await info('persistence', 'aof_rewrite_scheduled')) === '1'
  );
  return {
    memory: Number(await info('memory', 'used_memory')),
    disk: Number(await info('persistence', 'aof_base_size')),
  };
}

/** Sections of this project's documentation, every third as a turn of an agent. */
function ordinaryEpisodes(count: number): EpisodeInput[] {
  const [shortest, longest] = [200, 800];
  const sections = [ROOT, join(ROOT, 'docs')]
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter((path) => path.endsWith('.md'))
    .sort()
    .flatMap((path) => readFileSync(path, 'utf8').split(/^(?=#{1,3} )/m))
    .flatMap((section) => pieces(section, longest))
    .filter((text) => text.length >= shortest);
  if (sections.length < count) throw new Error(`The documentation has ${sections.length} sections; ask for fewer.`);
  return sections.slice(0, count).map((text, place) => {
    const referenceTime = new Date(Date.UTC(2026, 0, 1) + place * 3 * 3_600_000);
    if (place % 3 > 0) return { content: text, referenceTime };
    const session = `session-${Math.floor(place / 30)}`;
    const content = `user: what do you know about this?\nassistant: ${text}`;
    return { content, referenceTime, source: 'message', saga: session };
  });
}

let printed: string | undefined;
/** A turn as hosts store it: with ten tool calls, whose outputs capture has cut to 600 characters. */
function withTools(episode: EpisodeInput, place: number): EpisodeInput {
  const [calls, longest] = [10, 600];
  printed ??= sourceText();
  const source = printed;
  const tools = Array.from({ length: calls }, (_, call) => {
    const start = ((place * calls + call) * longest) % (source.length - longest);
    const input = `{"command":"sed -n ${call * 40},${call * 40 + 39}p src/part-${place}.ts"}`;
    return { tool: 'bash', status: 'completed', input, output: source.slice(start, start + longest) };
  });
  return { ...episode, metadata: { kind: 'turn', tools } };
}

/** This program's source, as a sample of tool output. */
function sourceText(): string {
  const folder = join(ROOT, 'src');
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  return names
    .sort()
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n');
}

function pieces(section: string, longest: number): string[] {
  const texts: string[] = [];
  for (const paragraph of section.split(/\n\n+/)) {
    const last = texts.at(-1);
    if (last !== undefined && last.length + paragraph.length < longest)
      texts[texts.length - 1] = `${last}\n\n${paragraph}`;
    else texts.push(paragraph.slice(0, longest));
  }
  return texts;
}

const rows: Row[] = [];
for (const kind of ['same', 'local', 'tools'] as const)
  if (parts.includes(`bytes-${kind}`)) rows.push(...(await bytes(Number(given.episodes), kind)));
if (parts.includes('times') || parts.includes('commit')) rows.push(...(await withServers(measureTimes)));
console.log(markdownTable(rows));
process.exit(0);
