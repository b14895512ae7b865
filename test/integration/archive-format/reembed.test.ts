import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { afterEach, expect, test } from 'vitest';
import { isNode } from '../../../src/archive/graph-element.ts';
import { openGraphHash } from '../../../src/archive/inventory.ts';
import { readPages } from '../../../src/archive/read-pages.ts';
import { type ReembedParts, reembed } from '../../../src/archive/reembed.ts';
import { folderStore } from '../../../src/archive/stores/folder.ts';
import type { GroupGraph } from '../../../src/graph/group-graph.ts';
import { exportExtent } from '../../../src/graph/queries/export.ts';
import { searchFactsByEntities } from '../../../src/graph/queries/search-facts.ts';
import { MemoryManager } from '../../../src/index.ts';
import { openJournal } from '../../../src/journal/journal.ts';
import type { Embedder } from '../../../src/models/embedder.ts';
import { openaiEmbedder } from '../../../src/models/openai/embedder.ts';
import { readReembedding } from '../../../src/valkey/reembedding.ts';
import { startWorkers } from '../../../workers/main.ts';
import { environmentOf } from '../../support/command-line.ts';
import { type FakeCall, startFakeOpenAI } from '../../support/fake-openai/index.ts';
import { plainEmbedder, plainModel } from '../../support/models.ts';
import { openStoreConnections } from '../../support/store-connections.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

const stores = useStores();
const CLI = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const OLD = 512;
const NEW = 768;
/** Of `newEmbedder`. */
const DOUBLE = 64;

test('reembed of 400 texts continues after a worker is killed, pays for no text twice, and queries work throughout', async () => {
  let embeddings = 0;
  const isOfTask = ({ model, body }: Pick<FakeCall, 'model' | 'body'>) =>
    model === 'new' && 'input' in body && Array.isArray(body.input) && body.input.length > 1;
  const fake = await startFakeOpenAI({
    faultOf: (call) => (isOfTask(call) && ++embeddings === 2 ? 'hang' : undefined),
  });
  closers.push(() => fake.close());
  const config = configOf();
  const embedderOf = (model: string, dimension: number) => openaiEmbedder({ baseUrl: fake.url, model, dimension });
  await tellFacts(config, embedderOf('old', OLD), 100);
  const { graphs, valkey } = ownOf(config);
  const graph = graphs.group(config.group);
  const before = await hashOf(graph, OLD);
  const said: string[] = [];
  const memory = managerOf(config, embedderOf('new', NEW), (sentence) => said.push(sentence));

  const unchanged = await memory.queryMemory('What uses Part7?', 3);
  const plan = await memory.archives.planReembedding();
  const first = startWorker(config, fake.url);
  await until('a worker', async () => (await memory.getWorkerCount('store')) > 0);
  const ended = memory.archives.reembed();
  await until('the second request', () => embeddings >= 2);
  const halfway = await memory.getStatus();
  const meanwhile = await memory.queryMemory('What uses Part7?', 3);
  first.kill('SIGKILL');
  await once(first, 'exit');
  startWorker(config, fake.url);
  const done = await ended;
  said.push('now');
  const after = await memory.queryMemory('What uses Part7?', 3, { cache: false });

  expect(plan).toMatchObject({ from: { model: 'old', dimension: OLD }, to: { model: 'new' }, texts: 400, requests: 2 });
  expect(done).toMatchObject({ group: config.group, file: expect.stringMatching(/^graphiti_export_/) });
  for (const answer of [unchanged, meanwhile, after]) expect(answer).toContain('Thing7 uses Part7');
  expect(said[0]).toMatch(/memory-manager reembed --group .* Until then queries use words only\.$/);
  expect(said.at(-1)).toBe('now');
  expect(halfway.valkey).toMatchObject({ reembedding: { model: 'new', dimension: NEW, phase: 'embedding' } });
  expect(await readReembedding(valkey, config.group)).toBeNull();
  const paid = fake
    .called('embed')
    .filter((call) => isOfTask(call) && call.status === 200)
    .flatMap(({ body }) => ('input' in body ? body.input : []));
  expect(paid.length).toBe(400);
  expect(new Set(paid).size).toBe(400);
  expect(await hashOf(graph, NEW)).toBe(before);
  expect(await lengthsOf(graph)).toEqual([NEW]);
  expect(await indexedDimensions(graph)).toEqual([NEW]);
  expect(await graphsBeside(config.group)).toEqual([]);
});

test('facts stored during reembed use the old embedder until the graphs are swapped, and the new one afterwards', async () => {
  const config = configOf();
  const old = await startWorkers(config, ['store'], { languageModel: plainModel(), embedder: plainEmbedder() });
  const memory = managerOf(config, newEmbedder());
  await store(memory, 'Harbor uses Redis.');
  const { graphs } = ownOf(config);
  const graph = graphs.group(config.group);
  let held: ReturnType<MemoryManager['enqueueEpisode']> | undefined;
  const asked: string[][] = [];
  const embedder = newEmbedder(async (texts) => {
    asked.push([...texts]);
    if (asked.length === 1) await store(memory, 'Late uses Thing.');
    // Now the lease is held; it is recorded, and its commit waits.
    if (asked.length === 2) {
      held = memory.enqueueEpisode('Held uses Thing.');
      const { uuid } = await held;
      const vectors = () => graph.read('MATCH (v:_PassageVector {episode: $uuid}) RETURN 1 AS n', { uuid });
      await until('its passage has a vector', async () => (await vectors()).length > 0);
    }
  });

  const { file } = await reembed(partsOf(config, embedder), config.group);
  const stored = await memory.enqueueEpisode('After uses Thing.');
  await until('the old worker lets both wait', async () => (await memory.getJobCounts('store')).delayed === 2);
  const lengths = await lengthsOf(graph);
  await old.close();
  const other = await startWorkers(config, ['store'], { languageModel: plainModel(), embedder: newEmbedder() });
  closers.push(() => other.close());
  for (const receipt of [await held, stored]) if (receipt) await memory.waitFor(receipt);

  expect(file).not.toBeNull();
  expect(lengths).toEqual([DOUBLE]);
  expect(asked.slice(1).flat()).toEqual(expect.arrayContaining(['Late', 'Late uses Thing']));
  expect(await lengthsOf(graph)).toEqual([DOUBLE]);
  expect(await vectorless(graph)).toBe(0);
  const facts = await graph.read<{ fact: string }>('MATCH ()-[e:RELATES_TO]->() RETURN e.fact AS fact ORDER BY fact');
  expect(facts.map(({ fact }) => fact)).toEqual([
    'After uses Thing',
    'Harbor uses Redis',
    'Held uses Thing',
    'Late uses Thing',
  ]);
});

test('a memory lost after reembed is rebuilt with the new vectors, and the same call converts an older archive', async () => {
  const config = configOf();
  await tellFacts(config, plainEmbedder(), 5);
  const { graphs } = ownOf(config);
  const graph = graphs.group(config.group);
  const memory = managerOf(config, newEmbedder());
  await graph.write(`CREATE (:Community {uuid: 'c', name: 'Things', name_embedding: vecf32($vector)})`, {
    vector: new Array(32).fill(0.1),
  });
  const { file: before } = await exported(config);
  await reembed(partsOf(config, newEmbedder()), config.group);
  await tellFacts(config, newEmbedder(), 7);
  const [hash, exact] = [await hashOf(graph, DOUBLE), await hashOf(graph, DOUBLE, 'exact')];

  await dropGraph(config.group);
  const rebuilt = await memory.archives.rebuild();
  const rebuiltHash = await hashOf(graph, DOUBLE, 'exact');
  await memory.archives.restore(before, { replace: true });
  const lengths = await lengthsOf(graph);
  const again = await reembed(partsOf(config, newEmbedder()), config.group);

  expect(rebuilt).toMatchObject({ complete: true, problems: [] });
  expect(rebuiltHash).toBe(exact);
  expect(lengths).toEqual([32]);
  expect(again.file).not.toBeNull();
  expect(await lengthsOf(graph)).toEqual([DOUBLE]);
  expect(await indexedDimensions(graph)).toEqual([DOUBLE]);
  expect(await hashOf(graph, DOUBLE)).not.toBe(hash);
  expect(await reembed(partsOf(config, newEmbedder()), config.group)).toEqual({ texts: 0, file: null });
});

test('texts on which the new embedder always fails have no vector, and all others get new vectors', async () => {
  const config = configOf();
  const fake = await startFakeOpenAI({
    faultOf: ({ body }) => (JSON.stringify(body).includes('Part3') ? { kind: 'server-error' } : undefined),
  });
  closers.push(() => fake.close());
  await tellFacts(config, plainEmbedder(), 6);
  const { graphs } = ownOf(config);
  const graph = graphs.group(config.group);
  const embedder = openaiEmbedder({ baseUrl: fake.url, model: 'new', dimension: NEW });
  const said: string[] = [];
  const parts = { ...partsOf(config, embedder), onNotice: (sentence: string) => said.push(sentence) };

  for (const _ of [1, 2])
    await expect(reembed(parts, config.group)).rejects.toMatchObject({ name: 'ModelUnavailableError' });
  const { file } = await reembed(parts, config.group);

  expect(file).not.toBeNull();
  // A length of 0 stands for no vector.
  expect((await lengthsOf(graph)).sort()).toEqual([0, NEW]);
  expect(
    await graph.read(
      `MATCH (n:Entity) WHERE n.name_embedding IS NULL RETURN n.name AS text
       UNION MATCH ()-[e:RELATES_TO]->() WHERE e.fact_embedding IS NULL RETURN e.fact AS text`,
    ),
  ).toEqual([{ text: 'Part3' }, { text: 'Thing3 uses Part3' }]);
  expect(await vectorless(graph)).toBe(1);
  expect(said).toEqual([
    `The embedding model new always fails on 3 texts of the memory "${config.group}"; searches find them by words only.`,
  ]);
  const answers = managerOf(config, embedder);
  expect(await answers.queryMemory('What does Thing3 use?', 3, { cache: false })).toContain('Thing3 uses Part3');
  expect(await answers.queryMemory('What does Thing2 use?', 3, { cache: false })).toContain('Thing2 uses Part2');
  // A fact without a vector is not put before one that the question means.
  const [meant = []] = await embedder.embed(['Thing2 uses Part2']);
  const named = await searchFactsByEntities(graph, ['thing2', 'thing3'], meant, { text: 'true', params: {} }, 1, 30);
  expect(named.map(({ fact }) => fact)).toEqual(['Thing2 uses Part2']);
  expect(await reembed(parts, config.group)).toEqual({ texts: 0, file: null });
});

test('a rebuild does not start from a reembedded archive that was never put in place', async () => {
  const config = configOf();
  await tellFacts(config, plainEmbedder(), 5);
  const { graphs, valkey } = ownOf(config);
  const graph = graphs.group(config.group);
  await exported(config);
  await tellFacts(config, plainEmbedder(), 7);
  const hash = await hashOf(graph, 32, 'exact');
  const journal = { ...openJournal(valkey), append: () => Promise.reject(new Error('killed')) };

  const killed = reembed({ ...partsOf(config, newEmbedder()), journal }, config.group);
  await expect(killed).rejects.toThrow('killed');
  await dropGraph(config.group);
  const memory = managerOf(config, plainEmbedder());
  const archives = await memory.archives.list({ group: config.group });
  const rebuilt = await memory.archives.rebuild();

  expect(archives.archives).toHaveLength(2);
  expect(rebuilt).toMatchObject({ complete: true, file: archives.archives[1]?.file });
  expect(await hashOf(graph, 32, 'exact')).toBe(hash);
});

test('the command prints its cost and says that it needs a worker', async () => {
  const config = configOf();
  await tellFacts(config, plainEmbedder(), 2);
  const run = async (...options: string[]) => {
    const child = spawn(process.execPath, [CLI, 'reembed', ...options], {
      env: { ...workerEnvironment(config, 'http://127.0.0.1:9/v1') },
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (said += data));
    const [status] = await once(child, 'close');
    return { status, said };
  };

  const [plan, refused] = [await run('--dry-run'), await run()];

  expect(plan).toEqual({
    status: 0,
    said: expect.stringMatching(
      /^From plain-words \(32 dimensions\) to new \(768 dimensions\): 8 texts, 1 request, about \d+ tokens, unknown price\.\n$/,
    ),
  });
  expect(refused).toEqual({ status: 1, said: expect.stringMatching(/\nNo worker is running to do this/) });
});

const configOf = () => {
  const group = newGroup();
  // Another test's jobs are not for these workers.
  const queuePrefix = `{${group}}`;
  return { ...stores.config, group, queuePrefix, exportDir: `${stores.config.exportDir}/${group}` };
};
type TestConfig = ReturnType<typeof configOf>;

function ownOf(config: TestConfig) {
  const own = openStoreConnections(config);
  closers.push(own.close);
  return own;
}

function managerOf(config: TestConfig, embedder: Embedder, onNotice = (_: string) => {}): MemoryManager {
  const memory = new MemoryManager(config, { embedder, onNotice });
  closers.push(() => memory.close());
  return memory;
}

const store = async (memory: MemoryManager, content: string) => memory.waitFor(await memory.enqueueEpisode(content));

/** Texts that share words are near each other, in other numbers than `plainEmbedder` gives. */
function newEmbedder(before: (texts: readonly string[]) => Promise<void> = async () => {}): Embedder {
  const plain = plainEmbedder();
  return {
    ...plain,
    model: 'new-words',
    dimension: DOUBLE,
    async embed(texts) {
      await before(texts);
      const half = Math.SQRT1_2;
      return (await plain.embed(texts)).map((vector) => [...vector, ...vector].map((it) => it * half));
    },
  };
}

function partsOf(config: TestConfig, embedder: Embedder): ReembedParts {
  const own = ownOf(config);
  const journal = openJournal(own.valkey);
  return { ...own, journal, embedder, archives: async () => folderStore(config.exportDir) };
}

async function tellFacts(config: TestConfig, embedder: Embedder, count: number): Promise<void> {
  const running = await startWorkers(config, ['store'], { languageModel: plainModel(), embedder });
  const memory = new MemoryManager(config);
  const contents = Array.from({ length: count }, (_, at) => ({ content: `Thing${at} uses Part${at}.` }));
  const receipts = await memory.enqueueEpisodes(contents);
  for (const receipt of receipts) await memory.waitFor(receipt);
  await memory.close();
  await running.close();
}

async function exported(config: TestConfig) {
  const running = await startWorkers(config, ['export'], {});
  const memory = new MemoryManager(config);
  const result = await memory.export();
  await memory.close();
  await running.close();
  return result;
}

function startWorker(config: TestConfig, url: string): ChildProcess {
  const child = spawn(process.execPath, [CLI, 'worker'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: workerEnvironment(config, url),
  });
  closers.push(() => child.kill('SIGKILL'));
  return child;
}

function workerEnvironment(config: TestConfig, url: string) {
  return {
    ...process.env,
    ...environmentOf(config),
    ...{ MEMORY_EMBEDDING_BASE_URL: url, MEMORY_EMBEDDING_MODEL: 'new' },
    ...{ MEMORY_EMBEDDING_DIM: String(NEW), MEMORY_TAKEOVER_SECONDS: '15' },
  };
}

/** Of all but vectors and what tells whose they are; or exact. */
async function hashOf(graph: GroupGraph, dimension: number, kind: 'exact' | 'vectorless' = 'vectorless') {
  const hash = openGraphHash(graph.group, [kind]);
  const { last } = await exportExtent(graph);
  const depth = kind === 'exact' ? 'whole' : 'without vectors';
  for await (const page of readPages(graph, { last, dimension, depth }))
    for (const element of page)
      if (!(isNode(element) && element.properties.key === 'embedder' && kind === 'vectorless')) hash.add(element);
  return hash.result()[kind];
}

const VECTORS = [
  'MATCH (x:Entity) RETURN x.name_embedding AS vector',
  'MATCH ()-[x:RELATES_TO]->() RETURN x.fact_embedding AS vector',
  'MATCH (x:_PassageVector) RETURN x.embedding AS vector',
  'MATCH (x:Community) RETURN x.name_embedding AS vector',
];

/** Of all vectors of a graph, the different ones. */
async function lengthsOf(graph: GroupGraph): Promise<number[]> {
  const rows = await Promise.all(VECTORS.map((query) => graph.read<{ vector: number[] | null }>(query)));
  return [...new Set(rows.flat().map(({ vector }) => vector?.length ?? 0))];
}

/** How many passages have no vector. */
async function vectorless(graph: GroupGraph): Promise<number> {
  const [row] = await graph.read<{ n: number }>(
    `MATCH (p:_Passage) OPTIONAL MATCH (v:_PassageVector {episode: p.episode}) WHERE v.passage = p.passage
     WITH p, v WHERE v IS NULL RETURN count(p) AS n`,
  );
  return row?.n ?? 0;
}

async function indexedDimensions(graph: GroupGraph): Promise<number[]> {
  const rows = await graph.read<{ options: Record<string, { dimension?: number }> }>(
    'CALL db.indexes() YIELD options RETURN options',
  );
  const found = rows.flatMap(({ options }) => Object.values(options).map((it) => it?.dimension));
  return [...new Set(found.filter((it): it is number => typeof it === 'number'))];
}

async function ofFalkorDB<T>(work: (falkordb: Redis) => Promise<T>): Promise<T> {
  const falkordb = new Redis(stores.config.falkordb.port, stores.config.falkordb.host);
  try {
    return await work(falkordb);
  } finally {
    falkordb.disconnect();
  }
}

const dropGraph = (group: string) => ofFalkorDB((falkordb) => falkordb.call('GRAPH.DELETE', group));

const graphsBeside = (group: string) =>
  ofFalkorDB(async (falkordb) => (await falkordb.keys(`~*${group}*`)).filter((name) => !name.startsWith('telemetry')));
