import { rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readCatalogue } from '../../../src/archive/catalogue.ts';
import { exportGroup } from '../../../src/archive/export.ts';
import {
  type ArchiveOrigin,
  isArchive,
  manifestName,
  readManifest,
  writeManifest,
} from '../../../src/archive/manifest.ts';
import { type NightlyParts, runNightlyExport } from '../../../src/archive/nightly.ts';
import { pruneStore } from '../../../src/archive/prune.ts';
import type { ArchiveStore } from '../../../src/archive/stores/archive-store.ts';
import { folderStore } from '../../../src/archive/stores/folder.ts';
import { ArchiveDamagedError, ArchiveUnavailableError } from '../../../src/errors.ts';
import { readVectorIndexStats } from '../../../src/graph/queries/meta-nodes.ts';
import { DAY } from '../../../src/time.ts';
import { useScriptedMemories } from '../../support/scripted-memory.ts';
import { useStoreConnections } from '../../support/store-connections.ts';
import { useStores } from '../../support/stores.ts';

const stores = useStores();
const opened = useStoreConnections(stores);
const openMemory = useScriptedMemories(stores);
const NIGHTLY: ArchiveOrigin = { by: 'night', installation: 'ours' };
const KEEP_ONE = { daily: 1, weekly: 0, monthly: 0 };

/** A group with a few facts, a folder of its own, and a nightly export of it that notes what it tells. */
async function newNight(
  change: (store: ArchiveStore) => ArchiveStore = (store) => store,
  content = 'Harbor uses Redis. Quay uses Kafka.',
) {
  const memory = openMemory();
  if (content !== '') await memory.store(1, content);
  const { group } = memory;
  const plain = folderStore(`${stores.config.exportDir}-${group}`);
  const [trimmed, drills]: [string[], unknown[]] = [[], []];
  const parts: NightlyParts = {
    ...{ graphs: opened.graphs, leases: opened.leases, store: change(plain) },
    keep: KEEP_ONE,
    installation: async () => 'ours',
    trim: async (_, position) => {
      trimmed.push(position);
      return 3;
    },
  };
  const told = { written: undefined as string | undefined, shares: [0] };
  const run = () =>
    runNightlyExport(parts, group, {
      written: told.written,
      onWritten: async (file) => {
        told.written = file;
      },
      onRestoreTest: async (result) => void drills.push(result),
      onProgress: (share) => void told.shares.push(share),
    });
  const archives = async () => (await readCatalogue(plain, group)).archives;
  const older = (origin: ArchiveOrigin | undefined = NIGHTLY) =>
    exportGroup(opened.graphs.group(group), opened.leases, plain, { ...(origin && { origin }) });
  const path = (file: string) => join(plain.location, file);
  return { ...{ store: plain, path }, group, run, told, trimmed, drills, archives, older };
}

/** A store that gives a byte of every archive wrong. */
const damaging = (store: ArchiveStore): ArchiveStore => ({
  ...store,
  async *get(name, from) {
    for await (const piece of store.get(name, from)) {
      if (isArchive(name)) piece[piece.length >> 1] = (piece[piece.length >> 1] ?? 0) ^ 1;
      yield piece;
    }
  },
});

describe('a nightly export', () => {
  test('first renews degraded indexes', async () => {
    const { group, run } = await newNight();
    const graph = opened.graphs.group(group);
    await graph.write('MATCH (:Entity)-[e:RELATES_TO]->() SET e.fact = e.fact');
    const ghosts = async () => (await readVectorIndexStats(graph)).map((it) => it.ghosts);
    expect(Math.max(...(await ghosts()))).toBeGreaterThan(0);

    await run();

    expect(Math.max(...(await ghosts()))).toBe(0);
  });

  test('is trial-restored before older archives are deleted', async () => {
    const { run, archives, older, told, trimmed, drills } = await newNight();
    const { file: before } = await older();

    const night = await run();

    expect(night).toMatchObject({ file: told.written, trimmed: 3, removed: [before], unproven: [] });
    expect(night.file).toMatch(/^graphiti_export_\d{4}-[^.]+\.\d+Z\.json$/);
    expect(night.answers?.asked).toBeGreaterThan(0);
    const [archive, ...others] = await archives();
    expect(others).toEqual([]);
    expect(archive?.verified?.restored_at).not.toBeNull();
    expect(trimmed).toHaveLength(1);
    expect(drills).toEqual([{ file: night.file, at: expect.any(Date) }]);
    expect(told.shares).toEqual(told.shares.toSorted((a, b) => a - b));
    expect(told.shares.at(-1)).toBe(1);
  });

  test('that fails its trial restore reports an error, deletes nothing, and is written again by the next attempt', async () => {
    let isDamaging = true;
    const { run, archives, older, told, trimmed, drills } = await newNight((store) => ({
      ...store,
      get: (name, from) => (isDamaging ? damaging(store) : store).get(name, from),
    }));
    const { file: before } = await older();

    await expect(run()).rejects.toThrow(ArchiveDamagedError);

    expect(trimmed).toEqual([]);
    expect((await archives()).map(({ manifest }) => manifest.file)).toContain(before);
    expect(drills).toEqual([{ file: expect.any(String), at: expect.any(Date), problem: expect.stringMatching(/\w/) }]);
    expect(told.written).toBeUndefined();
    isDamaging = false;
    const night = await run();
    expect((await archives()).map(({ manifest }) => manifest.file)).toEqual([night.file]);
  });

  test('that was interrupted continues with the archive already written', async () => {
    let isAway = true;
    const { run, archives, told } = await newNight((store) => ({
      ...store,
      get(name, from) {
        if (isAway && isArchive(name)) throw new ArchiveUnavailableError('The bucket does not answer.');
        return store.get(name, from);
      },
    }));

    await expect(run()).rejects.toThrow(ArchiveUnavailableError);
    const { written } = told;
    isAway = false;
    const night = await run();

    expect(night.file).toBe(written);
    expect(await archives()).toHaveLength(1);
  });

  test('of an empty memory writes nothing', async () => {
    const { run, archives, trimmed } = await newNight(undefined, '');

    expect(await run()).toEqual({ file: null, answers: null, trimmed: 0, removed: [], unproven: [] });
    expect(await archives()).toEqual([]);
    expect(trimmed).toEqual([]);
  });
});

describe('a prune deletes only nightly archives of this installation', () => {
  const ours = { installation: 'ours' };

  test.each([
    ['made by hand', { by: 'hand', installation: 'ours' }, 'it was made by hand'],
    ['of another installation', { by: 'night', installation: 'theirs' }, 'it is of another installation'],
    ['of a release that recorded no origin', null, 'its release did not note whether it was made by hand'],
  ] as const)('an archive %s is kept unless all are asked for', async (_what, origin, why) => {
    const { store, group, older } = await newNight();
    const { file } = origin ? await older(origin) : await withoutOrigin(store, (await older()).file);
    const { file: first } = await older();
    const { file: last } = await older();

    const dry = await pruneStore(store, group, KEEP_ONE, { ...ours, dryRun: true });
    const listed = (await readCatalogue(store, group)).archives.length;
    const pruned = await pruneStore(store, group, KEEP_ONE, ours);

    expect(listed).toBe(3);
    expect(pruned).toEqual({
      kept: [last],
      removed: [first],
      leftovers: [],
      skipped: [{ file, reason: why }],
      unproven: [],
    });
    expect(dry).toEqual(pruned);
    expect((await readCatalogue(store, group)).archives.map(({ manifest }) => manifest.file)).toEqual([last, file]);
    expect(await pruneStore(store, group, KEEP_ONE, { ...ours, all: true })).toMatchObject({ removed: [file] });
  });

  test.each([
    ['is lost', (path: string) => rm(path), 'its manifest is missing'],
    ['is damaged', (path: string) => writeFile(path, '{'), 'it cannot be read'],
  ])('an archive whose manifest %s is kept and reported', async (_what, damage, why) => {
    const { store, group, older, path } = await newNight();
    const { file, manifest } = await older();
    await older();
    await damage(path(manifest));
    for (const name of [file, manifest]) await utimes(path(name), 0, 0).catch(() => {});

    const { removed, unproven } = await pruneStore(store, group, KEEP_ONE, { ...ours, all: true });

    expect(removed).toEqual([]);
    expect(unproven).toEqual([{ file: why.startsWith('its') ? file : manifest, reason: why }]);
    expect((await store.list(file)).map(({ name }) => name)).toContain(file);
  });

  test('leftovers of an interrupted prune are deleted by the next', async () => {
    const { store, group, older, path } = await newNight();
    const { file, manifest } = await older();
    await older();
    const interrupted = {
      ...store,
      remove: (name: string) => (name === file ? store.remove(name) : Promise.reject(away)),
    };
    const away = new ArchiveUnavailableError('The bucket does not answer.');
    await expect(pruneStore(interrupted, group, KEEP_ONE, ours)).rejects.toThrow(ArchiveUnavailableError);
    await utimes(path(manifest), new Date(Date.now() - 2 * DAY), new Date(Date.now() - 2 * DAY));

    const { leftovers, kept } = await pruneStore(store, group, KEEP_ONE, ours);

    expect(leftovers).toEqual([manifest]);
    expect((await store.list()).filter(({ name }) => isArchive(name)).map(({ name }) => name)).toEqual(kept);
  });
});

/** Makes an archive one of release 0.1, whose manifests do not say who made it. */
async function withoutOrigin(store: ArchiveStore, file: string): Promise<{ file: string }> {
  const { origin: _, ...manifest } = await readManifest(store, manifestName(file));
  await writeManifest(store, manifest);
  return { file };
}
