import { randomUUID } from 'node:crypto';
import type { FakeKey } from './account.ts';
import { B2Refusal } from './protocol.ts';

export interface UploadUrl {
  readonly path: string;
  readonly token: string;
  readonly kind: 'upload_file' | 'upload_part';
  /** Id of the bucket or of the large file. */
  readonly of: string;
  readonly key: FakeKey;
  /** True after an error; B2 then wants a new URL. */
  spent: boolean;
  busy: boolean;
}

/** Upload URLs, each with its own token, valid for one upload at a time until an error. */
export function openUploadUrls(base: () => string) {
  const urls = new Map<string, UploadUrl>();
  return {
    open(kind: UploadUrl['kind'], of: string, key: FakeKey) {
      const path = `/b2api/v2/b2_${kind}/${of}/${randomUUID()}`;
      const token = `4_upload_${randomUUID()}`;
      urls.set(path, { path, token, kind, of, key, spent: false, busy: false });
      return { uploadUrl: base() + path, authorizationToken: token };
    },
    use(path: string, token: string | undefined): UploadUrl {
      const url = urls.get(path);
      if (!url || url.token !== token)
        throw new B2Refusal(401, 'bad_auth_token', `Not the token of this URL: ${token}`);
      if (url.spent) throw new B2Refusal(401, 'expired_auth_token', `The upload URL of ${token} had an error before`);
      if (url.busy) throw new B2Refusal(503, 'service_unavailable', 'The upload URL is in use');
      url.busy = true;
      return url;
    },
    expire() {
      for (const url of urls.values()) url.spent = true;
    },
    tokens: () => [...urls.values()].map(({ token }) => token),
  };
}

export type UploadUrls = ReturnType<typeof openUploadUrls>;
