import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { b2Store } from '../../../src/archive/stores/b2/b2-store.ts';
import type { B2Settings } from '../../../src/archive/stores/b2/declaration.ts';
import { ALL_CAPABILITIES } from '../../support/fake-b2/account.ts';
import { type FakeB2, startFakeB2 } from '../../support/fake-b2/index.ts';
import { chunksOf, inPieces, readStored, seededBytes } from '../../support/store-contract.ts';

const PART = 1000;
const FILES = ['listFiles', 'readFiles', 'writeFiles', 'deleteFiles'];

let b2: FakeB2;
beforeAll(async () => {
  b2 = await startFakeB2({ buckets: ['archives', 'others'], minimumPart: PART });
});
afterAll(() => b2.close());

function storeOf(restrictions: Parameters<FakeB2['addKey']>[0], settings: Partial<B2Settings> = {}) {
  const { id, key } = b2.addKey(restrictions);
  return b2Store(
    { ...b2.settings, keyId: id, appKey: key, ...settings },
    { partSize: PART, policy: { firstPauseMs: 1 } },
  );
}

const configError = (message: string | RegExp) => ({
  name: 'ConfigError',
  message: typeof message === 'string' ? message : expect.stringMatching(message),
});

describe('settings', () => {
  const some = { keyId: 'id', appKey: 'key', bucket: 'archives', prefix: '', authorizeUrl: undefined };

  test.for([
    [
      { appKey: undefined },
      'Exports are to go to Backblaze B2, but B2_APP_KEY is missing; set it, or remove B2_KEY_ID and B2_BUCKET to export to a folder.',
    ],
    [
      { keyId: undefined, bucket: undefined },
      'Exports are to go to Backblaze B2, but B2_KEY_ID and B2_BUCKET are missing; set them, or remove B2_APP_KEY to export to a folder.',
    ],
  ] as const)('that are missing are listed: %j', ([settings, sentence]) => {
    expect(() => b2Store({ ...some, ...settings })).toThrow(expect.objectContaining(configError(sentence)));
  });

  test.for(['/memory', 'a//b', 'a\\b', 'a\nb', 'x'.repeat(201), '\ud800'])('B2_PREFIX %j is refused', (prefix) => {
    expect(() => b2Store({ ...some, prefix })).toThrow(expect.objectContaining(configError(/^B2_PREFIX is /)));
  });

  test.for([
    ['', 'b2://archives'],
    ['memory', 'b2://archives/memory'],
    ['memory/', 'b2://archives/memory'],
    ['memory/nightly/', 'b2://archives/memory/nightly'],
  ])('B2_PREFIX %j means the prefix %s', ([prefix = '', place]) => {
    expect(b2Store({ ...some, prefix }).location).toBe(place);
  });
});

describe('a B2 key', () => {
  test('that is wrong is reported', async () => {
    const store = b2Store({ ...b2.settings, appKey: 'wrong' });

    await expect(store.list()).rejects.toMatchObject(
      configError(/refused the key in B2_KEY_ID and B2_APP_KEY; set a valid key that has not expired\.$/),
    );
  });

  test('of the newer protocol is reported with the key to create instead', async () => {
    const store = storeOf({ capabilities: FILES, bucket: 'archives', isNewer: true });

    const listing = store.list();

    await expect(listing).rejects.toMatchObject(
      configError(
        /\(400 bad_request\).*make a key for the bucket "archives" in Backblaze's web pages, under Application Keys/,
      ),
    );
    await expect(listing).rejects.not.toThrow(/B2_PREFIX|B2_BUCKET/);
  });

  test('of an account without the bucket is reported', async () => {
    const store = storeOf({ capabilities: ALL_CAPABILITIES }, { bucket: 'nowhere' });

    await expect(store.put('one.json', chunksOf(['x']))).rejects.toMatchObject(
      configError(/ has no bucket "nowhere" in the account of B2_KEY_ID; check B2_BUCKET\.$/),
    );
  });

  test('limited to another bucket is reported', async () => {
    const store = storeOf({ capabilities: FILES, bucket: 'others' });

    await expect(store.put('one.json', chunksOf(['x']))).rejects.toMatchObject(
      configError(
        'The key in B2_KEY_ID is limited to the bucket "others", and B2_BUCKET is "archives"; correct B2_BUCKET, or use a key for that bucket.',
      ),
    );
  });

  test('limited to a deleted bucket is reported', async () => {
    const store = storeOf({ capabilities: FILES, bucket: 'gone' });

    await expect(store.list()).rejects.toMatchObject(
      configError(/limited to a bucket that no longer exists; .*B2_BUCKET/),
    );
  });

  test.for([
    ['', /begin with "memory\/", and B2_PREFIX is not set; set B2_PREFIX to that beginning, or use another key\.$/],
    ['mem', /begin with "memory\/", which B2_PREFIX "mem\/" does not; /],
  ] as const)('limited to a prefix other than %j is reported', async ([prefix, message]) => {
    const store = storeOf({ capabilities: FILES, bucket: 'archives', prefix: 'memory/' }, { prefix });

    await expect(store.list()).rejects.toMatchObject(configError(message));
  });

  test('without the right to look up the bucket is reported', async () => {
    const store = storeOf({ capabilities: FILES });

    await expect(store.list()).rejects.toMatchObject(
      configError(/may not look for the bucket of B2_BUCKET.*listBuckets/),
    );
  });

  test.for([
    ['writeFiles', 'write'],
    ['readFiles', 'read'],
    ['listFiles', 'list'],
    ['deleteFiles', 'delete'],
  ] as const)('without the capability %s is reported', async ([lacking, deed]) => {
    const prefix = `lacking/${lacking}`;
    await b2Store({ ...b2.settings, prefix }).put('one.json', chunksOf(['x']));
    const capabilities = FILES.filter((capability) => capability !== lacking);
    const store = storeOf({ capabilities, bucket: 'archives' }, { prefix });
    const works = {
      writeFiles: () => store.put('two.json', chunksOf(['x'])),
      readFiles: () => readStored(store, 'one.json'),
      listFiles: () => store.list(),
      deleteFiles: () => store.remove('one.json'),
    };

    await expect(works[lacking]()).rejects.toMatchObject(
      configError(
        `The key in B2_KEY_ID may not ${deed} files; use a key with the capability ${lacking} (see docs/b2.md).`,
      ),
    );
  });

  test('limited to bucket and prefix, without listBuckets, is sufficient', async () => {
    const store = storeOf({ capabilities: FILES, bucket: 'archives', prefix: 'own/' }, { prefix: 'own/' });
    const content = seededBytes(3 * PART);

    await store.put('one.json', inPieces(content));

    expect(await readStored(store, 'one.json')).toEqual(content);
    expect(await store.list()).toHaveLength(1);
    expect(await store.sweep(0)).toBe(0);
    await store.remove('one.json');
    expect(await store.list()).toEqual([]);
  });

  test('that may only write is sufficient for put', async () => {
    const store = storeOf({ capabilities: ['writeFiles'], bucket: 'archives' }, { prefix: 'write-only' });

    await store.put('one.json', inPieces(seededBytes(3 * PART)));

    expect(b2.names()).toContain('write-only/one.json');
  });
});

test('a server other than B2 is reported', async () => {
  const store = b2Store({ ...b2.settings, authorizeUrl: `${b2.settings.authorizeUrl}/../../elsewhere` });

  await expect(store.list()).rejects.toMatchObject({ name: 'ConfigError' });
});
