import { afterAll, afterEach, beforeAll } from 'vitest';
import { b2Store } from '../../../src/archive/stores/b2/store.ts';
import { type FakeB2, startFakeB2 } from '../../support/fake-b2/index.ts';
import { storeContract } from '../../support/store-contract.ts';

const PART = 1000;

let b2: FakeB2;
beforeAll(async () => {
  b2 = await startFakeB2({ minimumPart: PART });
});
afterEach(() => b2.mend());
afterAll(() => b2.close());

let opened = 0;
storeContract(async () => ({
  store: b2Store({ ...b2.settings, prefix: `memory/${++opened}` }, { partSize: PART }),
  part: PART,
}));
