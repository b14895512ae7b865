import type B2 from 'backblaze-b2';
import * as z from 'zod/mini';
import { ConfigError } from '../../../errors.ts';
import { limited, newerKey, type Patience, refusedKey, refusedOf, wrongServer } from './failures.ts';
import type { B2Place } from './place.ts';

/** What the key may do with a file. */
export type Capability = 'writeFiles' | 'readFiles' | 'listFiles' | 'deleteFiles';

export interface Account {
  readonly bucketId: string;
  readonly capabilities: readonly string[];
  /** Bytes. */
  readonly leastPart: number;
}

const optional = z.optional(z.nullable(z.string()));
const authorized = z.object({
  authorizationToken: z.string(),
  apiUrl: z.string(),
  downloadUrl: z.string(),
  absoluteMinimumPartSize: z.number(),
  allowed: z.object({
    capabilities: z.array(z.string()),
    bucketId: optional,
    bucketName: optional,
    namePrefix: optional,
  }),
});
type Allowed = z.output<typeof authorized>['allowed'];

/**
 * Gets a new token, which the library keeps, and looks whether the key fits bucket and prefix.
 * @throws ConfigError; Refused when it is not the settings
 */
export async function authorize(b2: B2, place: B2Place, patience: Patience): Promise<Account> {
  const url = place.authorizeUrl && { url: place.authorizeUrl };
  const reply = await b2.authorize({ axiosOverride: { ...limited(patience.call), ...url } }).catch((error: unknown) => {
    const refused = refusedOf(error);
    if (refused.status === 400) throw newerKey(place, refused);
    throw refused.status === 401 ? refusedKey(place, refused) : refused;
  });
  const read = authorized.safeParse(reply.data);
  if (!read.success) throw wrongServer(place);
  const { allowed, absoluteMinimumPartSize: leastPart } = read.data;
  checkPrefix(allowed, place);
  return { bucketId: await bucketOf(b2, allowed, place, patience), capabilities: allowed.capabilities, leastPart };
}

/** @throws ConfigError */
export function checkCapability({ capabilities }: Account, needed: Capability): void {
  if (capabilities.includes(needed)) return;
  const deed = { writeFiles: 'write', readFiles: 'read', listFiles: 'list', deleteFiles: 'delete' }[needed];
  throw new ConfigError(
    `The key in B2_KEY_ID may not ${deed} files; take one with the capability ${needed} (see docs/b2.md).`,
  );
}

function checkPrefix({ namePrefix }: Allowed, { prefix }: B2Place): void {
  if (prefix.startsWith(namePrefix ?? '')) return;
  const now = prefix ? `which B2_PREFIX "${prefix}" does not` : 'and B2_PREFIX is not set';
  throw new ConfigError(
    `The key in B2_KEY_ID is limited to names that begin with "${namePrefix}", ${now}; set B2_PREFIX so, or take another key.`,
  );
}

async function bucketOf(b2: B2, allowed: Allowed, { bucket, server }: B2Place, patience: Patience): Promise<string> {
  if (allowed.bucketId) {
    if (allowed.bucketName === bucket) return allowed.bucketId;
    throw new ConfigError(
      allowed.bucketName
        ? `The key in B2_KEY_ID is limited to the bucket "${allowed.bucketName}", and B2_BUCKET is "${bucket}"; correct B2_BUCKET, or take a key for that bucket.`
        : `The key in B2_KEY_ID is limited to a bucket that is no more; take a key for the bucket "${bucket}" of B2_BUCKET.`,
    );
  }
  if (!allowed.capabilities.includes('listBuckets'))
    throw new ConfigError(
      `The key in B2_KEY_ID may not look for the bucket of B2_BUCKET; take one that is limited to this bucket, or one with the capability listBuckets.`,
    );
  const { data } = await b2.getBucket({ bucketName: bucket, axiosOverride: limited(patience.call) });
  const found = data.buckets?.find(({ bucketName }) => bucketName === bucket);
  if (found) return found.bucketId;
  throw new ConfigError(`${server} has no bucket "${bucket}" in the account of B2_KEY_ID; check B2_BUCKET.`);
}
