import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runNightlyExport } from '../../../src/archive/nightly.ts';
import { chooseStore } from '../../../src/archive/stores/choose.ts';
import { newArchiveKey } from '../../../src/archive/stores/encrypted.ts';
import type { Config } from '../../../src/config.ts';
import { archiveTombstones, episodeTombstone } from '../../../src/forget/tombstones.ts';
import { MemoryManager } from '../../../src/index.ts';
import { type RunningWorkers, startWorkers } from '../../../workers/main.ts';
import { environmentOf, failedWith, runCommand } from '../../support/command-line.ts';
import { type FakeB2, startFakeB2 } from '../../support/fake-b2/index.ts';
import { plainModel } from '../../support/models.ts';
import { useScriptedMemories } from '../../support/scripted-memory.ts';
import { useStoreConnections } from '../../support/store-connections.ts';
import { newGroup, useStores } from '../../support/stores.ts';

const stores = useStores();
const opened = useStoreConnections(stores);
const openMemory = useScriptedMemories(stores);
let [key, other] = ['', ''];
let b2: FakeB2;
/** One worker at a time exports, with the settings of the test. */
let worker: RunningWorkers | undefined;

beforeAll(async () => {
  [key, other] = [await newArchiveKey(), await newArchiveKey()];
  b2 = await startFakeB2();
});
afterAll(async () => {
  await worker?.close();
  await b2?.close();
});

const folderOf = (name: string) => join(stores.config.exportDir, name);

async function useWorker(settings: Partial<Config>) {
  await worker?.close();
  worker = await startWorkers({ ...stores.config, ...settings }, ['store', 'export'], { languageModel: plainModel() });
}

/** A command line with a memory of its own; `keys` are those that it knows. */
function newMemory(exportDir: string, keys = key) {
  const group = newGroup();
  const environment = { ...environmentOf(stores.config), MEMORY_GROUP: group, MEMORY_EXPORT_DIR: exportDir };
  const run = (args: readonly string[], archiveKey = keys) =>
    runCommand(args, { ...environment, ...(archiveKey && { MEMORY_ARCHIVE_KEY: archiveKey }) });
  return { group, run };
}

describe('encrypted archives', () => {
  test('are verified, listed, restored and pruned alongside plain ones', async () => {
    const exportDir = folderOf('plain');
    const { group, run } = newMemory(exportDir);
    await useWorker({ exportDir });
    await run(['store', 'Harbor uses Redis.']);
    const plain = JSON.parse((await run(['export', '--json'])).stdout) as { file: string; graphHash: string };
    await useWorker({ exportDir, archiveKeys: [key] });
    const sealed = JSON.parse((await run(['export', '--json', '--gzip'])).stdout) as typeof plain & {
      manifest: string;
    };

    expect(plain.file).toMatch(/^graphiti_export_[\dTZ.-]+\.json$/);
    expect(sealed.file).toMatch(/^graphiti_export_[\dTZ.-]+\.json\.gz\.age$/);
    expect(sealed.graphHash).toBe(plain.graphHash);
    for (const { file } of [plain, sealed]) {
      expect(await run(['archive', 'verify', file])).toMatchObject({ status: 0, stdout: `${file} is intact.\n` });
      expect((await run(['archive', 'verify', file, '--restore'])).stdout).toMatch(/Restore test: same graph hash/);
      const target = newGroup();
      const restored = await run(['archive', 'restore', file, '--group', target, '--json']);
      expect(JSON.parse(restored.stdout)).toMatchObject({ group: target, graphHash: plain.graphHash, facts: 1 });
    }
    const listed = JSON.parse((await run(['archive', 'list', '--json', '--group', group])).stdout);
    expect(listed).toMatchObject({
      archives: [
        { file: sealed.file, group, facts: 1, restoredAt: expect.any(String) },
        { file: plain.file, group, facts: 1, restoredAt: expect.any(String) },
      ],
      locked: [],
      incomplete: [],
    });
    expect((await run(['archive', 'prune', '--keep', 'daily=1', '--all'])).stdout).toBe(
      `removed ${plain.file}\n1 archive kept.\n`,
    );
    expect((await readdir(exportDir)).every((name) => name.endsWith('.age'))).toBe(true);
  });

  test('reveal nothing without the key: commands that need it say so, and no encrypted archive is removed', async () => {
    const exportDir = folderOf('locked');
    const { group, run } = newMemory(exportDir);
    await useWorker({ exportDir });
    await run(['store', 'Harbor uses Redis.']);
    const plain = JSON.parse((await run(['export', '--json'])).stdout) as { file: string };
    await useWorker({ exportDir, archiveKeys: [key] });
    const { file } = JSON.parse((await run(['export', '--json'])).stdout) as { file: string };
    await run(['archive', 'verify', 'latest']);
    const sealed = (await readdir(exportDir)).filter((name) => name.endsWith('.age'));
    const sentence = new RegExp(`^The newer archive ${file} is encrypted, and no key of MEMORY_ARCHIVE_KEY opens it`);

    // The archive, its manifest and the note of its verification.
    expect(sealed).toHaveLength(3);
    for (const name of sealed) {
      const content = await readFile(join(exportDir, name), 'latin1');
      for (const word of [group, 'Harbor', 'Redis', 'Entity', 'counts', 'sha256']) expect(content).not.toContain(word);
    }
    for (const keys of ['', other]) {
      expect((await run(['archive', 'list'], keys)).stdout).toMatch(
        new RegExp(`${plain.file}\\n  ${group}: .*\\nencrypted +${file}\\n  no key of MEMORY_ARCHIVE_KEY opens it\\n$`),
      );
      expect(await run(['archive', 'verify', file], keys)).toMatchObject(
        failedWith(/^The archive graphiti_.* is encrypted/),
      );
      expect(await run(['archive', 'verify', 'latest'], keys)).toMatchObject(failedWith(sentence));
      expect(await run(['archive', 'restore', 'latest', '--replace'], keys)).toMatchObject(failedWith(sentence));
      expect(await run(['archive', 'rebuild', '--replace'], keys)).toMatchObject(failedWith(sentence));
      expect((await run(['archive', 'prune', '--keep', 'daily=1', '--all'], keys)).stdout).toBe('1 archive kept.\n');
    }
    expect(await run(['archive', 'verify', plain.file], other)).toMatchObject({ status: 0 });
    expect((await readdir(exportDir)).filter((name) => name.endsWith('.age'))).toEqual(sealed);
    expect(await run(['archive', 'list'], 'secret')).toMatchObject(
      failedWith(
        /^MEMORY_ARCHIVE_KEY is "…", which cannot be used: it must be a key that `memory-manager archive new-key`/,
      ),
    );
    expect((await run(['archive', 'new-key'], '')).stdout).toMatch(/^AGE-SECRET-KEY-1[0-9A-Z]{58}\n$/);
    expect((await run(['archive', 'rebuild', '--replace'])).stdout).toMatch(new RegExp(`from ${file} and`));
  });

  test('are written to a bucket at night, trial-restored and pruned; a restore leaves out what was forgotten since', async () => {
    const told = openMemory();
    await told.store(1, 'Harbor uses Redis.');
    const forgotten = await told.store(2, 'Quay uses Kafka.');
    const settings = { b2: { ...b2.settings, prefix: 'night/' }, archiveKeys: [key], group: told.group };
    const store = await chooseStore({ ...stores.config, ...settings });
    const night = () =>
      runNightlyExport(
        {
          ...{ graphs: opened.graphs, leases: opened.leases, store },
          keep: { daily: 1, weekly: 0, monthly: 0 },
          installation: async () => 'ours',
        },
        told.group,
        { onWritten: async () => {}, onRestoreTest: async () => {}, onProgress: () => {} },
      );

    const { file: first } = await night();
    const { file, removed, answers } = await night();

    expect({ file, removed }).toEqual({ file: expect.stringMatching(/\.json\.age$/), removed: [first] });
    expect(answers).toEqual({ asked: 4, found: 4 });
    const marks = new Map([[episodeTombstone(forgotten), Date.now()]]);
    await archiveTombstones(store, told.group, marks);
    // The archive, its manifest, the note of its restore test, and the list of what was forgotten.
    expect(b2.names()).toHaveLength(4);
    for (const name of b2.names()) {
      expect(name).toMatch(/^night\/.*\.age$/);
      for (const word of ['Harbor', 'Kafka', 'counts', forgotten]) expect(b2.content(name)?.includes(word)).toBe(false);
    }
    await using memory = new MemoryManager({ ...stores.config, ...settings }, { embedder: told.embedder });
    // The episode, its fact and its two entities.
    expect(await memory.archives.restore('latest', { replace: true })).toMatchObject({ file, leftOut: 4 });
    expect(await memory.queryMemory('Quay Kafka')).not.toContain('Kafka');
  });
});
