import { inspect } from 'node:util';
import B2 from 'backblaze-b2';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { b2Store } from '../../../src/archive/stores/b2/b2-store.ts';
import type { CallPolicy } from '../../../src/archive/stores/remote-calls.ts';
import type { Fault } from '../../support/fake-b2/faults.ts';
import { type FakeB2, startFakeB2 } from '../../support/fake-b2/index.ts';
import { random } from '../../support/random.ts';
import { chunksOf, failingContent, inPieces, readStored, seededBytes } from '../../support/store-contract.ts';
import { wrongServers } from '../../support/wrong-servers.ts';

const PART = 1000;
const QUICK: Partial<CallPolicy> = { firstPauseMs: 1 };
/** For servers that fall silent. */
const IMPATIENT: Partial<CallPolicy> = { firstPauseMs: 1, silenceMs: 2000, callMs: 2000 };
const policyFor = ({ kind }: { readonly kind: Fault['kind'] }) => (kind.startsWith('silen') ? IMPATIENT : QUICK);

let b2: FakeB2;
beforeAll(async () => {
  b2 = await startFakeB2({ minimumPart: PART });
});
afterEach(() => b2.repair());
afterAll(() => b2.close());

let opened = 0;
/** A store of its own in a folder of its own, and what is asked of the server from now on. */
function newStore(policy: Partial<CallPolicy> = QUICK) {
  const prefix = `faults/${++opened}`;
  const open = (policy: Partial<CallPolicy>) => b2Store({ ...b2.settings, prefix }, { partSize: PART, policy });
  const store = open(policy);
  const began = b2.calls.length;
  const asked = (operation: string) => b2.calls.slice(began).filter((call) => call.operation === operation);
  // The patient one is for what does not fall silent: a slow machine answers it too.
  return { store, patient: open(QUICK), prefix, asked };
}

const PASSING: readonly Fault[] = [
  { kind: 'refuse', status: 401 },
  { kind: 'refuse', status: 401, code: 'bad_auth_token' },
  { kind: 'refuse', status: 408 },
  { kind: 'refuse', status: 429 },
  { kind: 'refuse', status: 500 },
  { kind: 'refuse', status: 503 },
  { kind: 'refuse', status: 503, retryAfter: 0 },
  { kind: 'reset' },
  { kind: 'reset', after: 500 },
  { kind: 'lost-answer' },
  { kind: 'silence' },
];

describe.for(['upload_file', 'upload_part'] as const)('%s', (operation) => {
  const content = seededBytes(operation === 'upload_file' ? PART : 3 * PART);

  test.for(PASSING)('continues at a new URL after $kind $status', async (fault) => {
    const { store, patient, asked } = newStore(policyFor(fault));
    b2.fail({ ...fault, on: operation });

    await store.put('one.json', inPieces(content));

    const [first, ...others] = asked(operation).map(({ path }) => path);
    expect(others).not.toEqual([]);
    expect(others).not.toContain(first);
    // Where silence ends a call, a slow answer may end another one.
    if (fault.kind !== 'silence') expect(new Set(others).size).toBe(1);
    expect(await readStored(patient, 'one.json')).toEqual(content);
    expect(await patient.list()).toHaveLength(1);
  });

  test('fails after five URLs and leaves nothing behind', async () => {
    const { store, asked } = newStore();
    b2.fail(...Array<Fault>(5).fill({ kind: 'refuse', status: 503, on: operation }));

    await expect(store.put('one.json', inPieces(content))).rejects.toMatchObject({
      name: 'ArchiveUnavailableError',
      message: expect.stringMatching(/^The B2 server at 127\.0\.0\.1:\d+ reports an internal error \(503\)/),
    });

    expect(new Set(asked(operation).map(({ path }) => path)).size).toBe(5);
    expect(await store.list()).toEqual([]);
    expect(await store.sweep(0)).toBe(0);
  });

  test.for([
    { status: 400, code: 'bad_request', message: /refused the request \(400 bad_request\)/ },
    { status: 403, code: 'cap_exceeded', message: /the account of B2_KEY_ID has reached a cap/ },
    { status: 403, code: 'storage_cap_exceeded', message: /storage_cap_exceeded.*Caps & Alerts/ },
  ])('is not repeated after $status $code', async ({ status, code, message }) => {
    const { store, asked } = newStore();
    b2.fail({ kind: 'refuse', status, code, on: operation });

    await expect(store.put('one.json', inPieces(content))).rejects.toMatchObject({
      name: 'ConfigError',
      message: expect.stringMatching(message),
    });

    expect(asked(operation)).toHaveLength(1);
    expect(await store.list()).toEqual([]);
  });

  test('waits as long as the server asks', async () => {
    const { store, asked } = newStore();
    b2.fail({ kind: 'refuse', status: 503, retryAfter: 1, on: operation });

    await store.put('one.json', inPieces(content));

    const [first, second] = asked(operation).map(({ at }) => at);
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(990);
  });

  test('leaves a long requested pause to the queue', async () => {
    const { store, asked } = newStore();
    b2.fail({ kind: 'refuse', status: 429, retryAfter: 300, on: operation });

    await expect(store.put('one.json', inPieces(content))).rejects.toMatchObject({
      name: 'ArchiveUnavailableError',
      message: expect.stringContaining('is busy and asks for a pause of 300 s'),
      retryAfterMs: 300_000,
    });

    expect(asked(operation)).toHaveLength(1);
  });

  test('is sent once to each URL, also when other code in the process uses the B2 library with retries', async () => {
    const { store, asked } = newStore();
    await store.list();
    new B2({ applicationKeyId: 'other', applicationKey: 'other', retry: { retries: 3 } });
    b2.fail({ kind: 'reset', after: 10, on: operation });

    await store.put('one.json', inPieces(content));

    const urls = asked(operation).map(({ path }) => path);
    expect(new Set(urls).size).toBe(2);
    expect(urls).toHaveLength(operation === 'upload_file' ? 2 : 4);
  });
});

test('a working upload URL is reused for all parts', async () => {
  const { store, asked } = newStore();

  await store.put('one.json', inPieces(seededBytes(5 * PART)));

  expect(asked('upload_part')).toHaveLength(5);
  expect(asked('get_upload_part_url')).toHaveLength(1);
});

test('a slow connection does not count as silent', async () => {
  const prefix = `faults/${++opened}`;
  const store = b2Store({ ...b2.settings, prefix }, { partSize: 70_000_000, policy: { silenceMs: 5000 } });
  // Pieces have at most 64 kB, so there are more of them: all pauses together are longer than any silence may be, and the rest, more
  // than the system holds when all is handed over, comes without a pause.
  b2.fail({ kind: 'slow', ms: 10, pieces: 600, on: 'upload_file' });
  const before = b2.called('upload_file').length;

  await store.put('one.json', inPieces(Buffer.alloc(64_000_000), 1_000_000));

  expect(b2.called('upload_file').length - before).toBe(1);
  expect(b2.versions(`${prefix}/one.json`)).toBe(1);
});

test.for([
  'get_upload_url',
  'start_large_file',
  'get_upload_part_url',
  'finish_large_file',
  'authorize_account',
] as const)('%s is repeated after a transient failure', async (on) => {
  const { store, patient } = newStore(IMPATIENT);
  const content = seededBytes(on === 'get_upload_url' ? 10 : 3 * PART);

  b2.fail({ kind: 'refuse', status: 503, on }, { kind: 'reset', on });
  await patient.put('one.json', inPieces(content));
  b2.fail({ kind: 'silence', on });
  await store.put('two.json', inPieces(content));

  for (const name of ['one.json', 'two.json']) expect(await readStored(patient, name)).toEqual(content);
});

test('a large file is complete if the answer to its finish was lost', async () => {
  const { store } = newStore();
  b2.fail({ kind: 'lost-answer', on: 'finish_large_file' });

  await store.put('one.json', inPieces(seededBytes(3 * PART)));

  expect(await readStored(store, 'one.json')).toEqual(seededBytes(3 * PART));
});

describe('authorization tokens', () => {
  test('are renewed once for all concurrent calls when they expire', async () => {
    const { store, asked } = newStore();
    await store.put('one.json', chunksOf(['x']));
    b2.expireTokens();

    await Promise.all([1, 2, 3, 4, 5].map(() => store.list()));

    expect(asked('authorize_account')).toHaveLength(2);
  });

  test('can expire in the middle of a put', async () => {
    const { store } = newStore();
    async function* content() {
      for (let piece = 0; piece < 5; piece += 1) {
        yield seededBytes(PART, piece);
        b2.expireTokens();
        b2.expireUploadUrls();
      }
    }

    await store.put('one.json', content());

    expect(await readStored(store, 'one.json')).toHaveLength(5 * PART);
  });

  test('are renewed once, not endlessly', async () => {
    const { store, asked } = newStore();
    b2.fail(...Array<Fault>(20).fill({ kind: 'refuse', status: 401, on: 'list_file_names' }));

    await expect(store.list()).rejects.toMatchObject({
      name: 'ConfigError',
      message: expect.stringContaining('does not let the key in B2_KEY_ID do this (expired_auth_token)'),
    });

    expect(asked('list_file_names')).toHaveLength(2);
  });

  test('are dropped after a refusal, so that the next job looks up the bucket again', async () => {
    const { store, asked } = newStore();
    b2.fail({ kind: 'refuse', status: 400, on: 'get_upload_url' });
    await expect(store.put('one.json', chunksOf(['x']))).rejects.toMatchObject({ name: 'ConfigError' });

    await store.put('one.json', chunksOf(['x']));

    expect(asked('authorize_account')).toHaveLength(2);
    expect(asked('list_buckets')).toHaveLength(2);
  });

  test('of a deleted key cannot be renewed', async () => {
    const { id, key } = b2.addKey({ capabilities: ['listBuckets', 'listFiles'] });
    const store = b2Store({ ...b2.settings, keyId: id, appKey: key }, { policy: QUICK });
    await store.list();
    b2.deleteKey(id);

    await expect(store.list()).rejects.toMatchObject({
      name: 'ConfigError',
      message: expect.stringContaining('refused the key in B2_KEY_ID and B2_APP_KEY'),
    });
  });
});

describe('a get', () => {
  test.for([
    { kind: 'reset-in-answer', after: 1234 },
    { kind: 'silent-in-answer', after: 1234 },
    { kind: 'refuse', status: 401 },
    { kind: 'refuse', status: 503 },
  ] as const)('resumes where it broke off after $kind $status', async (fault) => {
    const { store, patient } = newStore(policyFor(fault));
    const content = seededBytes(3 * PART);
    await patient.put('one.json', inPieces(content));
    b2.fail({ ...fault, on: 'download_file_by_name' });

    expect(await readStored(store, 'one.json')).toEqual(content);
  });

  test('does not mix two versions of a file', async () => {
    const { store } = newStore();
    await store.put('one.json', inPieces(seededBytes(3 * PART, 1)));
    b2.fail({ kind: 'reset-in-answer', after: 1234, on: 'download_file_by_name' });

    async function readAndReplace() {
      let chunks = 0;
      for await (const _ of store.get('one.json'))
        if (++chunks === 1) await store.put('one.json', inPieces(seededBytes(3 * PART, 2)));
    }

    await expect(readAndReplace()).rejects.toMatchObject({
      message: expect.stringContaining('was replaced while it was read'),
    });
  });
});

describe('a connection cut at 20 random bytes of a put', () => {
  test.for(Array.from({ length: 20 }, (_, index) => index))(
    '%i: stores nothing partial, the next put succeeds, and leftovers are removed',
    async (index) => {
      const { store, prefix } = newStore();
      const content = seededBytes(6 * PART + 17);
      b2.cutAfter(Math.floor(random(index)() * content.length) + 1);

      await expect(store.put('one.json', inPieces(content))).rejects.toMatchObject({ name: 'ArchiveUnavailableError' });
      b2.repair();

      expect(await store.list()).toEqual([]);
      // The request to cancel the file failed, too.
      expect(b2.unfinished()).toEqual([`${prefix}/one.json`]);
      await store.put('one.json', inPieces(content));
      expect(await readStored(store, 'one.json')).toEqual(content);
      expect(await store.sweep()).toBe(0);
      expect(await store.sweep(0)).toBe(1);
      expect(b2.unfinished()).toEqual([]);
      expect(await readStored(store, 'one.json')).toEqual(content);
    },
  );
});

describe('a bucket shared with other programs', () => {
  test('keeps their unfinished files', async () => {
    const { store, prefix } = newStore();
    b2.add(`${prefix}/theirs.bin`, 'unfinished');

    expect(await store.sweep(0)).toBe(0);

    expect(b2.unfinished()).toEqual([`${prefix}/theirs.bin`]);
    b2.expireTokens();
  });

  test('is listed page by page, without deeper folders', async () => {
    const { store, prefix, asked } = newStore();
    for (let number = 0; number < 1001; number += 1) b2.add(`${prefix}/${number}.json`, Buffer.from('x'));
    b2.add(`${prefix}/deeper/one.json`, Buffer.from('x'));

    expect(await store.list()).toHaveLength(1001);

    expect(asked('list_file_names')).toHaveLength(2);
  });
});

describe('an error names the server', () => {
  test('when nothing listens there', async () => {
    const port = wrongServers.nothing();
    const store = b2Store({ ...b2.settings, authorizeUrl: `http://127.0.0.1:${port}/` }, { policy: QUICK });

    await expect(store.list()).rejects.toMatchObject({
      name: 'ArchiveUnavailableError',
      message: `The B2 server at 127.0.0.1:${port} cannot be reached (ECONNREFUSED); check the network.`,
    });
  });

  test('when it does not answer', async () => {
    const { store } = newStore(IMPATIENT);
    b2.fail(...Array<Fault>(5).fill({ kind: 'silence', on: 'authorize_account' }));

    await expect(store.list()).rejects.toMatchObject({
      name: 'ArchiveUnavailableError',
      message: expect.stringContaining('did not answer in time'),
    });
  });
});

describe('an error message never contains', () => {
  const CANARY = 'canary-of-the-content';

  test.for<Fault>([
    { kind: 'refuse', status: 400 },
    { kind: 'refuse', status: 401, code: 'unauthorized' },
    { kind: 'refuse', status: 403 },
    { kind: 'refuse', status: 503 },
    { kind: 'reset', after: 10 },
    { kind: 'silence' },
  ])('a key, a token or content after $kind $status', async (fault) => {
    const { store, patient } = newStore(policyFor(fault));
    await patient.list();
    const told: unknown[] = [];
    for (const on of [
      'get_upload_url',
      'upload_file',
      'list_file_names',
      'download_file_by_name',
      'authorize_account',
    ] as const) {
      if (on === 'authorize_account') b2.expireTokens();
      b2.fail(...Array<Fault>(5).fill({ ...fault, on }));
      const work = { list_file_names: () => store.list(), download_file_by_name: () => readStored(store, 'one.json') };
      const run = work[on as keyof typeof work] ?? (() => store.put('one.json', chunksOf([CANARY])));
      told.push(
        await run().then(
          () => 'done',
          (error: unknown) => error,
        ),
      );
      b2.repair();
    }

    const everything = told
      .map((error) => `${inspect(error, { depth: 20, showHidden: true })}${JSON.stringify(error)}`)
      .join();
    expect(told).not.toContain('done');
    expect(b2.secrets().filter((secret) => everything.includes(secret))).toEqual([]);
    expect(everything).not.toContain(CANARY);
    expect(everything).not.toContain(Buffer.from(`${b2.settings.keyId}:${b2.settings.appKey}`).toString('base64'));
    expect(everything).not.toContain('Basic ');
  });
});

test('content that fails halfway leaves no large file', async () => {
  const { store } = newStore();

  await expect(store.put('one.json', failingContent(seededBytes(3 * PART), new Error('away')))).rejects.toThrow('away');

  expect(await store.sweep(0)).toBe(0);
});
