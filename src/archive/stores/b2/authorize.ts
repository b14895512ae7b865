import type B2 from 'backblaze-b2';
import * as z from 'zod/mini';
import { ConfigError } from '../../../errors.ts';
import type { CallPolicy } from '../remote-calls.ts';
import { invalidKeyError, newerKeyError, toCallFailure, wrongServerError } from './failures.ts';
import type { B2Location } from './location.ts';
import { timeLimit } from './request-options.ts';

/** A capability of the key. */
export type Capability = 'writeFiles' | 'readFiles' | 'listFiles' | 'deleteFiles';

export interface B2Account {
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
 * Gets a new token, which the library keeps, and checks that the key fits bucket and prefix.
 * @throws ConfigError when a setting is wrong, otherwise CallFailedError
 */
export async function authorize(b2: B2, place: B2Location, policy: CallPolicy): Promise<B2Account> {
  const url = place.authorizeUrl && { url: place.authorizeUrl };
  const reply = await b2
    .authorize({ axiosOverride: { ...timeLimit(policy.callMs), ...url } })
    .catch((error: unknown) => {
      const failure = toCallFailure(error);
      if (failure.status === 400) throw newerKeyError(place, failure);
      throw failure.status === 401 ? invalidKeyError(place, failure) : failure;
    });
  const read = authorized.safeParse(reply.data);
  if (!read.success) throw wrongServerError(place);
  const { allowed, absoluteMinimumPartSize: leastPart } = read.data;
  checkPrefix(allowed, place);
  return { bucketId: await bucketOf(b2, allowed, place, policy), capabilities: allowed.capabilities, leastPart };
}

/** @throws ConfigError */
export function checkCapability({ capabilities }: B2Account, needed: Capability): void {
  if (capabilities.includes(needed)) return;
  const action = { writeFiles: 'write', readFiles: 'read', listFiles: 'list', deleteFiles: 'delete' }[needed];
  throw new ConfigError(
    `The key in B2_KEY_ID may not ${action} files; use a key with the capability ${needed} (see docs/b2.md).`,
  );
}

function checkPrefix({ namePrefix }: Allowed, { prefix }: B2Location): void {
  if (prefix.startsWith(namePrefix ?? '')) return;
  const now = prefix ? `which B2_PREFIX "${prefix}" does not` : 'and B2_PREFIX is not set';
  throw new ConfigError(
    `The key in B2_KEY_ID is limited to names that begin with "${namePrefix}", ${now}; set B2_PREFIX to that beginning, or use another key.`,
  );
}

async function bucketOf(b2: B2, allowed: Allowed, { bucket, server }: B2Location, policy: CallPolicy): Promise<string> {
  if (allowed.bucketId) {
    if (allowed.bucketName === bucket) return allowed.bucketId;
    throw new ConfigError(
      allowed.bucketName
        ? `The key in B2_KEY_ID is limited to the bucket "${allowed.bucketName}", and B2_BUCKET is "${bucket}"; correct B2_BUCKET, or use a key for that bucket.`
        : `The key in B2_KEY_ID is limited to a bucket that no longer exists; take a key for the bucket "${bucket}" of B2_BUCKET.`,
    );
  }
  if (!allowed.capabilities.includes('listBuckets'))
    throw new ConfigError(
      `The key in B2_KEY_ID may not look for the bucket of B2_BUCKET; use a key that is limited to this bucket, or one with the capability listBuckets.`,
    );
  const { data } = await b2.getBucket({ bucketName: bucket, axiosOverride: timeLimit(policy.callMs) });
  const found = data.buckets?.find(({ bucketName }) => bucketName === bucket);
  if (found) return found.bucketId;
  throw new ConfigError(`${server} has no bucket "${bucket}" in the account of B2_KEY_ID; check B2_BUCKET.`);
}
