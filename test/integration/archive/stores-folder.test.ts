import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { folderStore } from '../../../src/archive/stores/folder.ts';
import { HOUR } from '../../../src/time.ts';
import { chunksOf, storeContract } from '../../support/store-contract.ts';

const FOLDER_STORE = fileURLToPath(new URL('../../../src/archive/stores/folder.ts', import.meta.url));

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'memory-stores-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let opened = 0;
const newFolder = () => join(folder, String(++opened), 'exports');

storeContract(async () => ({ store: folderStore(newFolder()), part: 5000 }));

test('files are readable only by their owner', async () => {
  const place = newFolder();

  await folderStore(place).put('one.json', chunksOf(['x']));

  expect((await stat(join(place, 'one.json'))).mode & 0o777).toBe(0o600);
});

test('a folder that the store creates, and its created parents, are accessible only to their owner', async () => {
  const place = newFolder();
  // The usual mask of a worker that a service manager started.
  const mask = process.umask(0o022);

  await folderStore(place)
    .put('one.json', chunksOf(['x']))
    .finally(() => process.umask(mask));

  expect((await stat(place)).mode & 0o777).toBe(0o700);
  expect((await stat(join(place, '..'))).mode & 0o777).toBe(0o700);
});

test('an existing folder keeps its permissions', async () => {
  const place = newFolder();
  await mkdir(place, { recursive: true });
  await chmod(place, 0o750);

  await folderStore(place).put('one.json', chunksOf(['x']));

  expect((await stat(place)).mode & 0o777).toBe(0o750);
});

describe('a writer that was killed', () => {
  test('leaves nothing visible; the next put succeeds; the leftover is swept', async () => {
    const place = newFolder();
    const store = folderStore(place);
    const script = `
      const { folderStore } = await import(${JSON.stringify(FOLDER_STORE)});
      async function* content() {
        for (;;) {
          yield 'x'.repeat(100_000);
          process.stdout.write('.');
          await new Promise((resolve) => setImmediate(resolve));
        }
      }
      await folderStore(${JSON.stringify(place)}).put('one.json', content());`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'close');

    expect(await readdir(place)).toEqual([expect.stringMatching(/^\.one\.json\..+\.partial$/)]);
    expect(await store.list()).toEqual([]);
    await store.put('one.json', chunksOf(['whole']));
    expect(await store.list()).toMatchObject([{ name: 'one.json', bytes: 5 }]);
    expect(await store.sweep()).toBe(0);
    expect(await store.sweep(0)).toBe(1);
    expect(await readdir(place)).toEqual(['one.json']);
  });

  test('a day ago is swept by a sweep without an age', async () => {
    const place = newFolder();
    await mkdir(place, { recursive: true });
    await writeFile(join(place, '.old.json.1.partial'), 'x');
    await writeFile(join(place, '.young.json.1.partial'), 'x');
    const long = new Date(Date.now() - 25 * HOUR);
    await utimes(join(place, '.old.json.1.partial'), long, long);

    expect(await folderStore(place).sweep()).toBe(1);

    expect(await readdir(place)).toEqual(['.young.json.1.partial']);
  });
});

test('folders and foreign files are not listed', async () => {
  const place = newFolder();
  await mkdir(join(place, 'folder.json'), { recursive: true });
  await writeFile(join(place, 'not an archive.txt'), 'x');

  expect(await folderStore(place).list()).toEqual([]);
});

test('an unusable folder is reported with its setting', async () => {
  const place = newFolder();
  await mkdir(join(place, '..'), { recursive: true });
  await writeFile(place, 'a file');

  await expect(folderStore(place).put('one.json', chunksOf(['x']))).rejects.toMatchObject({
    name: 'ArchiveLocationError',
    message: `The folder ${place} cannot be used for archives (EEXIST); check MEMORY_EXPORT_DIR, here and for the worker, which writes there.`,
  });
  await expect(folderStore(place).list()).rejects.toMatchObject({ name: 'ArchiveLocationError' });
});
