import * as z from 'zod/mini';
import { nonEmptyText, objectOf } from '../../../input-shapes.ts';
import { optionalText, secret, serverAddress, setting, type ValuesOf } from '../../../setting.ts';
import type { StoreDeclaration } from '../declarations.ts';

/** Where archives go in Backblaze B2. The first three are required; a missing one is reported when the store is opened. */
export interface B2Settings {
  /** B2_KEY_ID: id of an application key. docs/b2.md lists the capabilities that the key needs. */
  readonly keyId: string | undefined;
  /** B2_APP_KEY: the application key itself, a secret. */
  readonly appKey: string | undefined;
  /** B2_BUCKET: the bucket's name, not its id. */
  readonly bucket: string | undefined;
  /** B2_PREFIX: folder in the bucket, such as `memory/`, where a slash is added at the end if missing; empty for none. */
  readonly prefix: string;
  /** B2_AUTHORIZE_URL: whole URL of `b2_authorize_account` at another server with version 2 of the protocol. Undefined: Backblaze's. */
  readonly authorizeUrl: string | undefined;
}

const variables = {
  B2_KEY_ID: optionalText('application key id of Backblaze B2; if set, exports go to B2'),
  B2_APP_KEY: secret('application key of Backblaze B2'),
  B2_BUCKET: optionalText('bucket of Backblaze B2 for exports'),
  B2_PREFIX: optionalText('prefix of the names of exports in the bucket, such as memory/'),
  B2_AUTHORIZE_URL: setting(
    z.optional(serverAddress),
    undefined,
    "address at which B2 keys are authorized; default: Backblaze's own",
  ),
};

/** Any one of the three chooses B2, so that a forgotten one is reported and not ignored. */
function read(values: ValuesOf<typeof variables>): B2Settings | undefined {
  const { B2_KEY_ID: keyId, B2_APP_KEY: appKey, B2_BUCKET: bucket } = values;
  if (!keyId && !appKey && !bucket) return undefined;
  return { keyId, appKey, bucket, prefix: values.B2_PREFIX ?? '', authorizeUrl: values.B2_AUTHORIZE_URL };
}

const shape = () =>
  objectOf<B2Settings>({
    keyId: nonEmptyText,
    appKey: nonEmptyText,
    bucket: nonEmptyText,
    prefix: z.string('text'),
    authorizeUrl: nonEmptyText,
  });

export const B2: StoreDeclaration<B2Settings, typeof variables> = {
  variables,
  read,
  shape,
  open: async (settings, { metrics }) => (await import('./b2-store.ts')).b2Store(settings, { metrics }),
};
