import { afterAll, afterEach, beforeAll, describe } from 'vitest';
import type { ArchiveStore } from '../../../src/archive/stores/archive-store.ts';
import { b2Store } from '../../../src/archive/stores/b2/b2-store.ts';
import { MINUTE } from '../../../src/time.ts';
import { bucketNote, bucketSettings, isBucketGiven } from '../../support/b2-bucket.ts';
import { type FakeB2, startFakeB2 } from '../../support/fake-b2/index.ts';
import { storeContract } from '../../support/store-contract.ts';

describe('a bucket of the fake server', () => {
  const PART = 1000;
  let b2: FakeB2;
  let opened = 0;
  beforeAll(async () => {
    b2 = await startFakeB2({ minimumPart: PART });
  });
  afterEach(() => b2.repair());
  afterAll(() => b2.close());

  storeContract(async () => ({
    store: b2Store({ ...b2.settings, prefix: `memory/${++opened}` }, { partSize: PART }),
    part: PART,
  }));
});

// Uploads about 350 MB, and removes everything at the end.
describe.skipIf(!isBucketGiven)(`a bucket of Backblaze${bucketNote}`, { timeout: 60 * MINUTE }, () => {
  /** The smallest that B2 accepts. */
  const PART = 5_000_000;
  const stores: ArchiveStore[] = [];
  afterAll(async () => {
    for (const store of stores) {
      for (const { name } of await store.list()) await store.remove(name);
      await store.sweep(0);
    }
  }, 60 * MINUTE);

  storeContract(async () => {
    const store = b2Store(
      { ...bucketSettings, prefix: `${bucketSettings.prefix}/${stores.length}` },
      { partSize: PART },
    );
    stores.push(store);
    return { store, part: PART };
  });
});
