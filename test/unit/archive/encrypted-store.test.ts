import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ArchiveStore } from '../../../src/archive/stores/archive-store.ts';
import { encryptedStore, newArchiveKey } from '../../../src/archive/stores/encrypted.ts';
import { folderStore } from '../../../src/archive/stores/folder.ts';
import { ArchiveUnavailableError } from '../../../src/errors.ts';
import { readStored } from '../../support/store-contract.ts';

const NAME = 'graphiti_export_x.json.age';
const TEXT = 'Harbor keeps its sessions in Valkey 8. '.repeat(10_000);
const MB = 1_000_000;

let folder = '';
let key = '';
let other = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'encrypted-'));
  [key, other] = [await newArchiveKey(), await newArchiveKey()];
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const open = (...keys: string[]) => encryptedStore(folderStore(folder), keys);
async function* pieces(...texts: string[]) {
  yield* texts;
}

describe('a file whose name ends in .age', () => {
  test('reads back as written, from any offset, and is unreadable on disk', async () => {
    const stored = await open(key).put(NAME, pieces(TEXT.slice(0, 7), TEXT.slice(7)));
    const onDisk = await readFile(join(folder, NAME));

    expect(stored.bytes).toBe(TEXT.length);
    expect((await readStored(open(key), NAME)).toString()).toBe(TEXT);
    const rest: Uint8Array[] = [];
    for await (const piece of open(key).get(NAME, 70_000)) rest.push(piece);
    expect(Buffer.concat(rest).toString()).toBe(TEXT.slice(70_000));
    expect(onDisk.subarray(0, 22).toString()).toBe('age-encryption.org/v1\n');
    expect(onDisk.includes('Harbor')).toBe(false);
  });

  test('can be opened with an older key listed after the current one', async () => {
    await open(key).put(NAME, pieces('first'));
    expect((await readStored(open(other, key), NAME)).toString()).toBe('first');

    await open(other, key).put(NAME, pieces('second'));
    expect((await readStored(open(other), NAME)).toString()).toBe('second');
    await expect(readStored(open(key), NAME)).rejects.toMatchObject({ name: 'ArchiveKeyError' });
  });

  test.each([
    ['no key', () => [], /^The archive graphiti_export_x\.json\.age is encrypted; set MEMORY_ARCHIVE_KEY to the key/],
    ['another key', () => [other], /is encrypted with another key, or its first bytes are damaged; add the key/],
    ['half a key', () => [key.slice(0, 60)], /^MEMORY_ARCHIVE_KEY has a key with a wrong letter or a missing part/],
  ])('is rejected with a message for %s', async (_what, keys, sentence) => {
    await open(key).put(NAME, pieces(TEXT));

    const refused = await readStored(open(...keys()), NAME).catch((error: Error) => error);

    expect(refused).toMatchObject({ name: 'ArchiveKeyError', message: expect.stringMatching(sentence) });
    expect(`${(refused as Error).message}${(refused as Error).stack}`).not.toContain(key.slice(16, 40));
  });

  test("is not written without a key, nor partially when the content fails; the content's error is passed on", async () => {
    const failure = new ArchiveUnavailableError('The graph is away.');
    async function* failing() {
      yield TEXT;
      throw failure;
    }
    const before = await readdir(folder);

    await expect(open().put('new.json.age', pieces(TEXT))).rejects.toMatchObject({ name: 'ArchiveKeyError' });
    await expect(open(key).put('new.json.age', failing())).rejects.toBe(failure);

    expect(await readdir(folder)).toEqual(before);
  });

  test('is reported as damaged when it is truncated or a byte of its content differs', async () => {
    await open(key).put(NAME, pieces(TEXT));
    const whole = await readFile(join(folder, NAME));

    for (const length of [whole.length - 1, whole.length - 65_552, 300]) {
      await writeFile(join(folder, NAME), whole);
      await truncate(join(folder, NAME), length);
      await expect(readStored(open(key), NAME)).rejects.toMatchObject({ name: 'ArchiveDamagedError' });
    }
    for (const place of [250, 70_000, whole.length - 1]) {
      const wrong = Buffer.from(whole);
      wrong[place] = (wrong[place] ?? 0) ^ 1;
      await writeFile(join(folder, NAME), wrong);
      await expect(readStored(open(key), NAME)).rejects.toMatchObject({ name: 'ArchiveDamagedError' });
    }
  });

  test("that the store cannot deliver fails with the store's error", async () => {
    const failure = new ArchiveUnavailableError('The bucket does not answer.');
    const away: ArchiveStore = {
      ...folderStore(folder),
      async *get(name) {
        yield (await readFile(join(folder, name))).subarray(0, 500);
        throw failure;
      },
    };
    await open(key).put(NAME, pieces(TEXT));

    await expect(readStored(encryptedStore(away, [key]), NAME)).rejects.toBe(failure);
    await expect(readStored(open(key), 'missing.json.age')).rejects.toMatchObject({ name: 'InvalidInputError' });
  });
});

test('other files pass unchanged, with and without a key', async () => {
  await open(key).put('plain.json', pieces(TEXT));

  expect((await readFile(join(folder, 'plain.json'))).toString()).toBe(TEXT);
  expect((await readStored(open(), 'plain.json')).toString()).toBe(TEXT);
});

test('writing and reading hold only a small part of a large file in memory', async () => {
  const PIECE = new Uint8Array(MB / 4).fill(7);
  const SIZE = 24 * MB;
  let [given, taken, most] = [0, 0, 0];
  let stored: Uint8Array[] = [];
  async function* large() {
    for (; given < SIZE; given += PIECE.length) yield PIECE;
  }
  const store: ArchiveStore = {
    ...folderStore(folder),
    async put(_name, content) {
      for await (const piece of content) {
        taken += piece.length;
        most = Math.max(most, given - taken);
        stored.push(piece as Uint8Array);
      }
      return { bytes: taken, sha256: '' };
    },
    async *get() {
      const pieces = stored;
      stored = [];
      for (const piece of pieces) {
        given += piece.length;
        yield piece;
      }
    },
  };
  await encryptedStore(store, [key]).put(NAME, large());
  expect(most).toBeLessThan(2 * MB);

  [given, taken, most] = [0, 0, 0];
  for await (const piece of encryptedStore(store, [key]).get(NAME)) {
    taken += piece.length;
    most = Math.max(most, given - taken);
  }
  expect(taken).toBe(SIZE);
  expect(most).toBeLessThan(2 * MB);
});
