import { randomUUID } from 'node:crypto';
import type { B2Settings } from '../../src/archive/stores/b2/declaration.ts';

const { TEST_B2_KEY_ID, TEST_B2_APP_KEY, TEST_B2_BUCKET, TEST_B2_PREFIX, TEST_B2_AUTHORIZE_URL } = process.env;

/** These variables are only for tests, so that tests never write to a worker's bucket. */
export const isBucketGiven = Boolean(TEST_B2_BUCKET);
export const bucketNote = isBucketGiven ? '' : ' (skipped: TEST_B2_BUCKET names no bucket, see CONTRIBUTING.md)';

/** The bucket, with a prefix that no other run uses. */
export const bucketSettings: B2Settings = {
  keyId: TEST_B2_KEY_ID,
  appKey: TEST_B2_APP_KEY,
  bucket: TEST_B2_BUCKET,
  prefix: `${TEST_B2_PREFIX ?? ''}/memory-manager-test-${randomUUID()}`.replace(/^\/|(?<=\/)\//g, ''),
  authorizeUrl: TEST_B2_AUTHORIZE_URL,
};
