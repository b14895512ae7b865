import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exportGraph, exportGroup } from '../../../src/archive/export.ts';
import { readManifest } from '../../../src/archive/manifest.ts';
import { readParts } from '../../../src/archive/read-archive.ts';
import { replaceGraph } from '../../../src/archive/replace-graph.ts';
import { loadIntoScratch } from '../../../src/archive/restore.ts';
import type { ArchiveStore } from '../../../src/archive/stores/archive-store.ts';
import { folderStore } from '../../../src/archive/stores/folder.ts';
import { startFalkorDB } from '../../../src/embedded/servers.ts';
import { openGraphs } from '../../../src/graph/graphs.ts';
import { MemoryManager } from '../../../src/index.ts';
import { useScriptedMemories } from '../../support/scripted-memory.ts';
import { useStoreConnections } from '../../support/store-connections.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

const stores = useStores();
const opened = useStoreConnections(stores);
const openMemory = useScriptedMemories(stores);
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'archive-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A store that is so slow that much happens meanwhile. */
function slow(store: ArchiveStore, onPiece: () => Promise<unknown>): ArchiveStore {
  return {
    ...store,
    put: (name, content) =>
      store.put(
        name,
        (async function* () {
          for await (const piece of content) {
            yield piece;
            await onPiece();
          }
        })(),
      ),
  };
}

test('an export during commits contains each episode completely or not at all', async () => {
  const told = openMemory();
  let number = 0;
  const tell = () => told.store(1 + (number % 20), `Thing${++number} uses Part${number}.`);
  await tell();
  // Commits go on as long as the export lets them; under the lease they wait for its end.
  const going: Promise<unknown>[] = [];
  const store = slow(folderStore(folder), async () => {
    if (going.length >= 30) return;
    going.push(tell());
    await Promise.race([going.at(-1), new Promise((resolve) => setImmediate(resolve))]);
  });

  const { manifest, graphHash } = await exportGroup(told.graph, opened.leases, store);
  await Promise.all(going);

  const read = await readManifest(folderStore(folder), manifest);
  const held = new Map<string, number>();
  for await (const part of readParts(store, read))
    if ('elements' in part)
      for (const it of part.elements) {
        if ('source' in it && it.type === 'RELATES_TO')
          for (const episode of it.properties.episodes as string[]) held.set(episode, 1 + (held.get(episode) ?? 0));
      }
  expect(read.journal.committed).toBe(held.size);
  expect(read.counts.types.RELATES_TO).toBe(held.size);
  expect(read.counts.labels.Entity).toBe(2 * held.size);
  const { scratch } = await loadIntoScratch(opened.graphs, store, read, newGroup(), 'whole');
  await scratch.drop();
  expect(read.graph_hash.exact).toBe(graphHash);
  expect(number).toBeGreaterThan(3);
});

test('an export interrupted by a commit is repeated and leaves nothing of the first attempt', async () => {
  const told = openMemory();
  await told.store(1, 'Harbor uses Redis.');
  let pieces = 0;
  const store = slow(folderStore(join(folder, 'again')), async () => {
    if (++pieces === 1) await told.store(2, 'Harbor uses Valkey.');
  });

  const exported = await exportGroup(told.graph, opened.leases, store);

  expect(exported).toMatchObject({ episodes: 2, facts: 2 });
  expect((await readdir(join(folder, 'again'))).sort()).toEqual([exported.file, exported.manifest].sort());
});

test('an export that is killed halfway leaves nothing that looks like an archive', async () => {
  const told = openMemory();
  await told.store(1, 'Harbor uses Redis.');
  const place = join(folder, 'killed');
  const child = spawn(process.execPath, [fileURLToPath(new URL('./endless-export.ts', import.meta.url))], {
    env: { ...process.env, PLACE: place, PORT: String(stores.config.falkordb.port), GROUP: told.group },
    stdio: 'ignore',
  });
  await until('something was written', async () => (await readdir(place).catch(() => [])).length > 0);
  child.kill('SIGKILL');
  await once(child, 'close');
  const memory = new MemoryManager({ ...stores.config, group: told.group, exportDir: place });

  expect(await memory.archives.list()).toMatchObject({ archives: [], incomplete: [] });
  await expect(memory.archives.verify('latest')).rejects.toMatchObject({
    message: expect.stringMatching(/^There is no archive of/),
  });
  const exported = await exportGraph(told.graph, folderStore(place), () => {});
  await folderStore(place).remove(exported.manifest);
  expect(await memory.archives.list()).toMatchObject({ archives: [], incomplete: [exported.file] });
  await expect(memory.archives.restore(exported.file, { replace: true })).rejects.toMatchObject({
    message: expect.stringMatching(/has no manifest, so it is not a complete archive/),
  });
  await memory.close();
});

test('a swapped-in graph survives a kill of FalkorDB, and another one after the log was rewritten', async () => {
  const told = openMemory();
  await told.store(1, 'Harbor uses Redis.');
  const store = folderStore(join(folder, 'swap'));
  const { manifest, graphHash } = await exportGraph(told.graph, store, () => {});
  const server = await startFalkorDB({ appendfsync: 'always' });
  const graphs = openGraphs({ host: server.host, port: server.port, tls: false });
  const group = newGroup();
  const graph = graphs.group(group);
  await graph.write(`CREATE (:Entity {uuid: 'old'})`);

  const { scratch } = await loadIntoScratch(graphs, store, await readManifest(store, manifest), group, 'whole');
  await expect(replaceGraph(scratch, opened.valkey, opened.leases, { replace: false })).rejects.toMatchObject({
    name: 'InvalidInputError',
  });
  await replaceGraph(scratch, opened.valkey, opened.leases, { replace: true });

  for (const _ of [1, 2]) {
    await server.kill('SIGKILL');
    await server.restart();
    const again = await until('FalkorDB is back', () => exportGraph(graph, store, () => {}).catch(() => undefined));
    expect(again.graphHash).toBe(graphHash);
    const { Redis } = await import('ioredis');
    const redis = new Redis(server.port, server.host);
    await redis.call('BGREWRITEAOF');
    await until('the log is rewritten', async () => /aof_rewrite_in_progress:0/.test(await redis.info('persistence')));
    redis.disconnect();
  }
  graphs.close();
  await server.stop();
});

test('a swap is refused when a commit arrives at the last moment', async () => {
  const told = openMemory();
  await told.store(1, 'Harbor uses Redis.');
  const store = folderStore(join(folder, 'swap'));
  const { manifest } = await exportGraph(told.graph, store, () => {});
  const { scratch } = await loadIntoScratch(
    opened.graphs,
    store,
    await readManifest(store, manifest),
    told.group,
    'whole',
  );

  const isDone = await scratch.takePlace(async () => {
    await told.graph.write(`CREATE (:Episodic {uuid: 'late'})`);
    return true;
  });

  expect(isDone).toBe(false);
  expect(await told.graph.read(`MATCH (n:Episodic {uuid: 'late'}) RETURN n.uuid AS uuid`)).toEqual([{ uuid: 'late' }]);
  await scratch.drop();
});
