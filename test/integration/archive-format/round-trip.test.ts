import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exportGraph } from '../../../src/archive/export.ts';
import { readManifest } from '../../../src/archive/manifest.ts';
import { checkBytes } from '../../../src/archive/read-archive.ts';
import { loadIntoScratch } from '../../../src/archive/restore.ts';
import { folderStore } from '../../../src/archive/stores/folder.ts';
import { compareWithManifest } from '../../../src/archive/verify.ts';
import { MemoryManager } from '../../../src/index.ts';
import { checklist } from '../../support/graphiti/checklist.ts';
import { goldenNote, hasGoldenGraph } from '../../support/graphiti/golden.ts';
import { loadGolden } from '../../support/graphiti/load-golden.ts';
import { wholeGraph } from '../../support/graphiti/whole-graph.ts';
import { random } from '../../support/random.ts';
import { day, useScriptedMemories } from '../../support/scripted-memory.ts';
import { useStoreConnections } from '../../support/store-connections.ts';
import { newGroup, useStores } from '../../support/stores.ts';

const stores = useStores();
const opened = useStoreConnections(stores);
const openMemory = useScriptedMemories(stores);
const QUESTIONS = ['Harbor', 'What does Harbor use?', 'Redis', 'Who leads Quay?', 'Lighthouse gRPC', 'Kafka'];

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'archive-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A memory with ended and contradicting facts, aliases and a saga. */
async function toldMemory() {
  const memory = openMemory({ same: [['Harbor', 'Harbour']] });
  await memory.store(1, 'Harbor uses Redis. Quay uses Kafka.');
  await memory.store(3, 'Harbour uses Valkey. Harbor not uses Redis.', { saga: 'session' });
  await memory.store(5, 'Mira leads Quay. Lighthouse uses gRPC.', { saga: 'session' });
  await memory.store(6, 'nothing to see here');
  const removed = await memory.store(7, 'Quay uses Nothing.');
  await memory.remove(removed);
  return memory;
}

const manager = (group: string, embedder: MemoryPartsEmbedder) =>
  new MemoryManager({ ...stores.config, group, exportDir: folder }, { embedder });
type MemoryPartsEmbedder = NonNullable<NonNullable<ConstructorParameters<typeof MemoryManager>[1]>['embedder']>;

describe('an archive of a memory', () => {
  test.each([false, true])('restores the same graph and the same answers (compressed: %s)', async (gzip) => {
    const told = await toldMemory();
    const group = newGroup();
    const { file, graphHash } = await exportGraph(told.graph, folderStore(folder), () => {}, { gzip });
    const [first, second] = [manager(told.group, told.embedder), manager(group, told.embedder)];

    const verified = await first.archives.verify(file);
    const drilled = await first.archives.verify(file, { restore: true });
    const restored = await second.archives.restore(file, { group });

    expect(verified).toMatchObject({ intact: true, problems: [], answers: null });
    expect(drilled).toMatchObject({ intact: true, problems: [], group: told.group });
    expect(drilled.answers?.asked).toBeGreaterThan(5);
    expect(drilled.answers?.found).toBe(drilled.answers?.asked);
    expect(restored).toMatchObject({ group, graphHash });
    expect((await exportGraph(opened.graphs.group(group), folderStore(folder), () => {})).graphHash).toBe(graphHash);
    for (const asOf of [undefined, day(2), day(4), day(6)])
      for (const question of QUESTIONS)
        expect(await answer(second, question, asOf)).toEqual(await answer(first, question, asOf));
    const [before, after] = [await wholeGraph(told.graph), await wholeGraph(opened.graphs.group(group))];
    expect(plain(after, group)).toEqual(plain(before, told.group));
    expect(await checklist(opened.graphs.group(group))).toEqual([]);
    await Promise.all([first.close(), second.close()]);
  });

  test('leaves no scratch graph behind, neither after a trial nor after a refused restore', async () => {
    const told = await toldMemory();
    const { file } = await exportGraph(told.graph, folderStore(folder), () => {});
    const memory = manager(told.group, told.embedder);

    await memory.archives.verify(file, { restore: true });
    await expect(memory.archives.restore(file)).rejects.toMatchObject({
      name: 'InvalidInputError',
      message: expect.stringMatching(/is not empty; restore into another memory \(--group\), or .* \(--replace\)/),
    });

    expect(await scratches()).toEqual([]);
    await memory.close();
  });

  test('replaces later changes, at once for every reader, and commits continue', async () => {
    const told = await toldMemory();
    const { file, graphHash } = await exportGraph(told.graph, folderStore(folder), () => {});
    const memory = manager(told.group, told.embedder);
    await told.store(9, 'Harbor uses Memcached.');
    expect(await memory.queryMemory('Memcached')).toContain('Memcached');

    await memory.archives.restore(file, { replace: true });

    expect(await memory.queryMemory('Memcached')).not.toContain('Memcached');
    expect((await exportGraph(told.graph, folderStore(folder), () => {})).graphHash).toBe(graphHash);
    await told.store(10, 'Harbor uses Nginx.');
    expect(await memory.queryMemory('Nginx')).toContain('Nginx');
    await memory.close();
  });

  test('is reported damaged whichever byte is flipped, and is not restored', async () => {
    const told = await toldMemory();
    const store = folderStore(folder);
    const group = newGroup();
    const next = random(7);
    for (const gzip of [false, true]) {
      const { file, manifest } = await exportGraph(told.graph, store, () => {}, { gzip });
      const whole = await readFile(join(folder, file));
      const read = await readManifest(store, manifest);
      expect((await compareWithManifest(store, read)).intact).toBe(true);
      for (let round = 0; round < 50; round += 1) {
        const damaged = Buffer.from(whole);
        const place = Math.floor(next() * whole.length);
        damaged[place] = (damaged[place] ?? 0) ^ (1 << Math.floor(next() * 8));
        await writeFile(join(folder, file), damaged);
        const { intact: isWhole, problems } = await compareWithManifest(store, read);
        expect({ place, isWhole, problems }).toEqual({ place, isWhole: false, problems: [expect.any(String)] });
        await expect(checkBytes(store, read)).rejects.toMatchObject({ name: 'ArchiveDamagedError' });
      }
      const memory = manager(group, told.embedder);
      await expect(memory.archives.restore(file, { group })).rejects.toMatchObject({ name: 'ArchiveDamagedError' });
      await memory.close();
    }
    expect(await wholeGraph(opened.graphs.group(group))).toMatchObject({ nodes: [], edges: [] });
    expect(await scratches()).toEqual([]);
  });

  test('is reported damaged by its counts and its graph hash even if its bytes match the manifest', async () => {
    const told = await toldMemory();
    const store = folderStore(folder);
    const { manifest } = await exportGraph(told.graph, store, () => {});
    const read = await readManifest(store, manifest);
    const wrong = { ...read, counts: { ...read.counts, nodes: read.counts.nodes + 1 } };
    const other = { ...read, graph_hash: { ...read.graph_hash, exact: '0'.repeat(64) } };

    expect((await compareWithManifest(store, wrong)).problems).toEqual([expect.stringMatching(/ × nodes instead of /)]);
    await expect(loadIntoScratch(opened.graphs, store, other, newGroup(), 'whole')).rejects.toMatchObject({
      name: 'ArchiveDamagedError',
      message: expect.stringMatching(/the graph hash is another/),
    });
  });
});

describe.skipIf(!hasGoldenGraph)(`an archive of a graph of graphiti_core${goldenNote}`, () => {
  test('restores what Python stored', async () => {
    const [group, copy] = [newGroup(), newGroup()];
    await loadGolden(opened.graphs.group(group));
    const store = folderStore(folder);
    const { manifest } = await exportGraph(opened.graphs.group(group), store, () => {});

    const { scratch } = await loadIntoScratch(opened.graphs, store, await readManifest(store, manifest), copy, 'whole');

    expect(plain(await wholeGraph(scratch.graph), copy)).toEqual(
      plain(await wholeGraph(opened.graphs.group(group)), group),
    );
    await scratch.drop();
  });
});

test('every property type is restored unchanged', async () => {
  const group = newGroup();
  const graph = opened.graphs.group(group);
  await graph.write(
    `CREATE (a:Entity:Thing {uuid: 'a', group_id: '${group}', whole: 2.0, part: 0.1, number: 7, yes: true, list: ['x', 1, 2.5, true],
       empty: [], text: 'a "quoted" \\\\ line\\n数据 🚀', name_embedding: vecf32([0.1, -0.0, 0.333333333]), other: vecf32([1, 2]), summary_embedding: [1, 2]})
     CREATE (b:Entity {uuid: 'b', group_id: 'another'})
     CREATE (a)-[:ODD {score: 1.0, weight: vecf32([3.5])}]->(b) CREATE (a)-[:ODD]->(a)`,
  );
  const store = folderStore(folder);
  const { manifest } = await exportGraph(graph, store, () => {});
  const copy = newGroup();

  const { scratch } = await loadIntoScratch(opened.graphs, store, await readManifest(store, manifest), copy, 'whole');

  const [before, after] = [await wholeGraph(graph), await wholeGraph(scratch.graph)];
  expect(plain(after, copy)).toEqual(plain(before, group));
  expect(before.nodes[0]?.types).toMatchObject({ whole: 'Float', other: 'Vectorf32', summary_embedding: 'List' });
  await scratch.drop();
});

test('an edge between nodes without labels is restored', async () => {
  const [group, copy] = [newGroup(), newGroup()];
  const graph = opened.graphs.group(group);
  await graph.write(`CREATE ({uuid: 'a'})-[:ODD {uuid: 'x'}]->(:Entity {uuid: 'b'})`);
  const store = folderStore(folder);
  const { manifest } = await exportGraph(graph, store, () => {});

  const { scratch } = await loadIntoScratch(opened.graphs, store, await readManifest(store, manifest), copy, 'whole');

  expect(plain(await wholeGraph(scratch.graph), copy)).toEqual(plain(await wholeGraph(graph), group));
  await scratch.drop();
});

test.each([
  [
    'two nodes with the same uuid',
    `CREATE (:Entity {uuid: 'a'}), (:Entity {uuid: 'a'})`,
    /^Two nodes .* have the uuid a/,
  ],
  ['a property with an odd name', 'CREATE (:Entity {uuid: "a", `odd name`: 1})', /has a property named "odd name"/],
  ['a label with an odd name', 'CREATE (:`Odd label` {uuid: "a"})', /has a label named "Odd label"/],
  [
    'an edge between nodes without a uuid',
    'CREATE (:Entity)-[:ODD]->(:Entity)',
    /^An edge "ODD" ends at a node without a uuid/,
  ],
])('a graph that an archive could not restore is not exported: %s', async (_what, query, message) => {
  const graph = opened.graphs.group(newGroup());
  await graph.write(query);
  const store = folderStore(join(folder, 'refused'));

  await expect(exportGraph(graph, store, () => {})).rejects.toMatchObject({
    name: 'InvalidInputError',
    message: expect.stringMatching(message),
  });

  expect(await store.list()).toEqual([]);
});

/** What is found; things of exactly the same weight come in the order of FalkorDB's own numbers, which are others. */
async function answer(memory: MemoryManager, question: string, asOf: Date | undefined): Promise<string[]> {
  return (await memory.queryMemory(question, 20, asOf ? { asOf } : {})).split('\n').sort();
}

async function scratches(): Promise<string[]> {
  const { Redis } = await import('ioredis');
  const redis = new Redis(stores.config.falkordb.port, stores.config.falkordb.host);
  const names = await redis.keys('~*');
  redis.disconnect();
  return names;
}

/** In one order, whatever the group and the lease. */
function plain({ nodes, edges }: Awaited<ReturnType<typeof wholeGraph>>, group: string) {
  const lines = (list: readonly object[]) =>
    list.map((it) => JSON.stringify(it, sortedKeys).replaceAll(JSON.stringify(group), '"group"')).sort();
  const rest = nodes.filter(({ properties }) => properties.key !== 'fence');
  return { nodes: lines(rest), edges: lines(edges) };
}

function sortedKeys(_key: string, value: unknown): unknown {
  if (Object.is(value, -0)) return '-0';
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

test('the folder of archives contains no other files', async () => {
  expect(
    (await readdir(folder)).filter(
      (name) => name !== 'refused' && !/^graphiti_export_[\dTZ.-]+(\.manifest|\.verified)?\.json(\.gz)?$/.test(name),
    ),
  ).toEqual([]);
});
