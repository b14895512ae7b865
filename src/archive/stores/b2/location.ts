import { ConfigError } from '../../../errors.ts';
import type { B2Settings } from './declaration.ts';

/** Complete settings. */
export interface B2Location {
  readonly keyId: string;
  readonly appKey: string;
  readonly bucket: string;
  /** Empty, or ends with a slash. */
  readonly prefix: string;
  readonly authorizeUrl: string | undefined;
  /** Begins a sentence. */
  readonly server: string;
}

/** @throws ConfigError naming every setting that is missing, or the prefix that B2 would refuse */
export function readLocation({ keyId, appKey, bucket, prefix, authorizeUrl }: B2Settings): B2Location {
  if (!keyId || !appKey || !bucket) throw new ConfigError(missing({ keyId, appKey, bucket }));
  if (!isPrefix(prefix))
    throw new ConfigError(
      `B2_PREFIX is "${prefix}", which cannot be used: write it like memory/ or memory/nightly/, with neither a slash at its beginning nor two in a row nor a backslash, 200 characters at most.`,
    );
  return {
    keyId,
    appKey,
    bucket,
    prefix: prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`,
    authorizeUrl,
    server: authorizeUrl ? `The B2 server at ${new URL(authorizeUrl).host}` : 'Backblaze B2',
  };
}

/** For messages. */
export const locationName = ({ bucket, prefix }: B2Location): string => `b2://${bucket}/${prefix}`.replace(/\/$/, '');

function missing({ keyId, appKey, bucket }: Partial<B2Settings>): string {
  const given = { B2_KEY_ID: keyId, B2_APP_KEY: appKey, B2_BUCKET: bucket };
  const names = (set: boolean) =>
    Object.keys(given).filter((name) => Boolean(given[name as keyof typeof given]) === set);
  const absent = names(false);
  return `Exports are to go to Backblaze B2, but ${absent.join(' and ')} ${absent.length === 1 ? 'is' : 'are'} missing; set ${absent.length === 1 ? 'it' : 'them'}, or remove ${names(true).join(' and ')} to export to a folder.`;
}

function isPrefix(prefix: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: B2 refuses them
  return prefix.length <= 200 && prefix.isWellFormed() && !/^\/|\/\/|\\|[\u0000-\u001f\u007f]/.test(prefix);
}
