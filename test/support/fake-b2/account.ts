import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { B2Refusal, unauthorized } from './protocol.ts';

export interface FakeKey {
  readonly id: string;
  readonly key: string;
  readonly capabilities: readonly string[];
  /** The only bucket that the key gives access to. */
  readonly bucket?: string;
  /** The prefix that all names must have. */
  readonly prefix?: string;
  /** Created by version 4 of the protocol for several buckets; version 2 refuses such a key. */
  readonly isNewer?: boolean;
}

export interface Bucket {
  readonly bucketId: string;
  readonly bucketName: string;
}

export const ALL_CAPABILITIES = ['listBuckets', 'listFiles', 'readFiles', 'writeFiles', 'deleteFiles'];

/** Keys, and the tokens that clients get for them. */
export function openAccount(keys: FakeKey[], buckets: Bucket[]) {
  const tokens = new Map<string, FakeKey>();
  const expired = new Set<string>();
  const accountId = 'fakeaccount01';

  return {
    accountId,
    /** All secrets ever issued. None may appear in output or files. */
    secrets: () => [...tokens.keys(), ...expired, ...keys.map(({ key }) => key)],
    expire() {
      for (const token of tokens.keys()) expired.add(token);
      tokens.clear();
    },
    authorize(headers: IncomingHttpHeaders, base: string, partSizes: { minimum: number; recommended: number }) {
      const [, given = ''] = /^Basic (.+)$/.exec(headers.authorization ?? '') ?? [];
      const [id, secret] = Buffer.from(given, 'base64').toString().split(':');
      const key = keys.find((known) => known.id === id && known.key === secret);
      if (!key) throw new B2Refusal(401, 'bad_auth_token', `Invalid key ${given}`);
      if (key.isNewer)
        throw new B2Refusal(400, 'bad_request', 'This request is not currently supported on API version number 2');
      const token = `4_token_${randomUUID()}`;
      tokens.set(token, key);
      const bucket = buckets.find(({ bucketName }) => bucketName === key.bucket);
      return {
        accountId,
        authorizationToken: token,
        apiUrl: base,
        downloadUrl: base,
        s3ApiUrl: base,
        recommendedPartSize: partSizes.recommended,
        absoluteMinimumPartSize: partSizes.minimum,
        allowed: {
          capabilities: key.capabilities,
          bucketId: key.bucket === undefined ? null : (bucket?.bucketId ?? 'gonebucket'),
          bucketName: bucket?.bucketName ?? null,
          namePrefix: key.prefix ?? null,
        },
      };
    },
    /** The key behind a token. */
    keyOf(token = ''): FakeKey {
      const key = tokens.get(token);
      if (key) return key;
      if (expired.has(token)) throw new B2Refusal(401, 'expired_auth_token', `The token ${token} has expired`);
      throw new B2Refusal(401, 'bad_auth_token', `The token ${token} is not valid`);
    },
  };
}

export function checkAllowed(key: FakeKey, capability: string, bucket: Bucket | undefined, name?: string): void {
  if (!key.capabilities.includes(capability)) throw unauthorized(`The key lacks ${capability}`);
  if (key.bucket !== undefined && bucket?.bucketName !== key.bucket)
    throw unauthorized('The key is for another bucket');
  if (name !== undefined && !name.startsWith(key.prefix ?? '')) throw unauthorized('The key is for another prefix');
}
