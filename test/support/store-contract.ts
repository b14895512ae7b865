import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { ArchiveStore } from '../../src/archive/stores/archive-store.ts';
import { MINUTE } from '../../src/time.ts';
import { random } from './random.ts';
import { until } from './wait.ts';

/** A store that only this test uses. */
export interface OpenedStore {
  readonly store: ArchiveStore;
  /** Size of an upload part in bytes, if the store uploads in parts. */
  readonly part: number;
}

/** Tests that every archive store must pass. @param open opens an empty store */
export function storeContract(open: () => Promise<OpenedStore>): void {
  describe('put and get', () => {
    test('return the written bytes, of any length', async () => {
      const { store, part } = await open();

      for (const length of [0, 1, part - 1, part, part + 1, 2 * part, 3 * part + 17]) {
        const content = seededBytes(length);

        const stored = await store.put('one.json', inPieces(content));

        expect(stored).toEqual({ bytes: length, sha256: sha256(content) });
        expect(await readStored(store, 'one.json')).toEqual(content);
      }
    });

    test('encode text as UTF-8', async () => {
      const { store } = await open();
      const texts = ['{"a":"Ölpumpe 🛢",', '', '"b":"\u2028"}'];

      const stored = await store.put('text.json', chunksOf(texts));

      expect((await readStored(store, 'text.json')).toString()).toBe(texts.join(''));
      expect(stored.bytes).toBe(Buffer.byteLength(texts.join('')));
    });

    test('read from an offset', async () => {
      const { store, part } = await open();
      const content = seededBytes(2 * part);
      await store.put('one.json', inPieces(content));

      expect(await readStored(store, 'one.json', part + 3)).toEqual(content.subarray(part + 3));
      expect(await readStored(store, 'one.json', content.length)).toHaveLength(0);
      expect(await readStored(store, 'one.json', content.length + 5)).toHaveLength(0);
    });

    test('replace an existing file, which is listed once', async () => {
      const { store, part } = await open();
      await store.put('one.json', inPieces(seededBytes(2 * part)));

      await store.put('one.json', chunksOf(['second']));

      expect((await readStored(store, 'one.json')).toString()).toBe('second');
      expect(await store.list()).toMatchObject([{ name: 'one.json', bytes: 6 }]);
    });

    test('fail for a missing file', async () => {
      const { store } = await open();

      await expect(readStored(store, 'nothing.json')).rejects.toMatchObject({
        name: 'InvalidInputError',
        message: `There is no archive "nothing.json" in ${store.location}.`,
      });
    });

    test.for(['', '.', '..', '../out', 'a/b', 'a\\b', '.hidden', 'a\nb', 'a\0b', 'x'.repeat(201)])(
      'refuse %j as a name',
      async (name) => {
        const { store } = await open();

        const refused = {
          name: 'InvalidInputError',
          message: expect.stringContaining('cannot be the name of an archive'),
        };
        await expect(store.put(name, chunksOf(['x']))).rejects.toMatchObject(refused);
        await expect(readStored(store, name)).rejects.toMatchObject(refused);
        await expect(Promise.resolve().then(() => store.remove(name))).rejects.toMatchObject(refused);
        expect(await store.list()).toEqual([]);
      },
    );

    test('keep one complete file if several writers use the same name', async () => {
      const { store, part } = await open();
      const contents = [1, 2, 3].map((seed) => seededBytes(2 * part + seed, seed));

      await Promise.all(contents.map((content) => store.put('one.json', inPieces(content))));

      const kept = await readStored(store, 'one.json');
      expect(contents.some((content) => content.equals(kept))).toBe(true);
      expect(await store.list()).toHaveLength(1);
      expect(await store.sweep(0)).toBe(0);
    });
  });

  describe('a write is complete or invisible:', () => {
    test('nothing is visible during the write', async () => {
      const { store, part } = await open();
      await store.put('old.json', chunksOf(['old']));
      const seen: string[][] = [];
      async function* content() {
        for (let piece = 0; piece < 5; piece += 1) {
          yield seededBytes(part);
          seen.push((await store.list()).map(({ name }) => name));
        }
      }

      await store.put('new.json', content());

      expect(seen).toEqual(Array(5).fill(['old.json']));
      expect(await store.list()).toHaveLength(2);
    });

    test('content that fails at 20 random positions leaves the previous file, and its error is passed on', async () => {
      const { store, part } = await open();
      const chance = random(4);
      const content = seededBytes(4 * part);
      await store.put('one.json', chunksOf(['before']));

      for (let time = 0; time < 20; time += 1) {
        const failure = new Error('The graph went away.');
        const cut = content.subarray(0, Math.floor(chance() * content.length));

        await expect(store.put('one.json', failingContent(cut, failure))).rejects.toBe(failure);

        expect(await store.list()).toMatchObject([{ name: 'one.json', bytes: 6 }]);
      }

      expect(await store.sweep(0)).toBe(0);
      expect((await store.put('one.json', inPieces(content))).bytes).toBe(content.length);
      expect(await readStored(store, 'one.json')).toEqual(content);
    });
  });

  describe('list and remove', () => {
    test('return name, size and time, newest first', async () => {
      const { store } = await open();
      const began = Date.now();
      for (const name of ['b.json', 'a.json', 'c.json']) {
        await store.put(name, chunksOf([name.repeat(3)]));
        await laterTime(store);
      }

      const listed = await store.list();

      expect(listed.map(({ name }) => name)).toEqual(['c.json', 'a.json', 'b.json']);
      expect(listed.every(({ bytes }) => bytes === 18)).toBe(true);
      for (const { at } of listed) expect(Math.abs(at.getTime() - began)).toBeLessThan(10 * MINUTE);
      expect((await store.list('a')).map(({ name }) => name)).toEqual(['a.json']);
      expect(await store.list('nothing')).toEqual([]);
    });

    test('remove a file with its replaced versions; removing it again is no error', async () => {
      const { store } = await open();
      for (const text of ['first', 'second', 'third']) await store.put('one.json', chunksOf([text]));
      await store.put('one.json.gz', chunksOf(['another']));

      await store.remove('one.json');
      await store.remove('one.json');

      expect((await store.list()).map(({ name }) => name)).toEqual(['one.json.gz']);
      await expect(readStored(store, 'one.json')).rejects.toMatchObject({ name: 'InvalidInputError' });
    });
  });

  test('sweep keeps running writes and all archives', async () => {
    const { store, part } = await open();
    const swept: number[] = [];
    async function* content() {
      yield seededBytes(2 * part);
      swept.push(await store.sweep());
      yield seededBytes(1);
    }

    await store.put('one.json', content());

    expect(swept).toEqual([0]);
    expect(await store.sweep(0)).toBe(0);
    expect(await store.list()).toMatchObject([{ bytes: 2 * part + 1 }]);
  });
}

/** Bytes that depend only on the seed. */
export function seededBytes(length: number, seed = 1): Buffer {
  const chance = random(seed);
  const content = Buffer.alloc(length);
  for (let place = 0; place < length; place += 1) content[place] = Math.floor(chance() * 256);
  return content;
}

/** Splits content into chunks whose size does not divide the part size; large content into larger chunks. */
export async function* inPieces(
  content: Buffer,
  size = content.length > 1_000_000 ? 7919 : 37,
): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}

export async function* chunksOf(texts: readonly string[]): AsyncGenerator<string> {
  yield* texts;
}

export async function* failingContent(content: Buffer, failure: Error): AsyncGenerator<Uint8Array> {
  yield* inPieces(content);
  throw failure;
}

export async function readStored(store: ArchiveStore, name: string, offset?: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.get(name, offset)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

/** Waits until a new file gets a later time, because a file system's clock may not advance for some milliseconds. */
async function laterTime(store: ArchiveStore): Promise<void> {
  const newest = Math.max(...(await store.list()).map(({ at }) => at.getTime()));
  await until('a later time of the store', async () => {
    await store.put('probe.json', chunksOf(['x']));
    const [probe] = await store.list('probe');
    await store.remove('probe.json');
    return probe && probe.at.getTime() > newest;
  });
}
