import { ArchiveAway, ConfigError } from '../../../errors.ts';
import { SECOND } from '../../../time.ts';
import type { B2Place } from './place.ts';
import { passes, type Refused } from './refused.ts';

/** A refusal in a sentence of ours; what it tells of the server's answer is the status and the code. */
export function failureOf(refused: Refused, { server }: B2Place): Error {
  const { status, code, retryAfter } = refused;
  const options = { cause: refused };
  if (passes(refused)) return new ArchiveAway(away(refused, server), { ...options, retryAfter });
  if (/(?:^|_)cap_exceeded$/.test(code))
    return new ConfigError(
      `${server} takes no more: a cap of the account that B2_KEY_ID belongs to is reached (${code}); raise it there under Caps & Alerts, or remove old files.`,
      options,
    );
  if (status === 401)
    return new ConfigError(
      `${server} does not let the key in B2_KEY_ID do this (${code || status}); check its capabilities and that it has not been deleted.`,
      options,
    );
  return new ConfigError(
    `${server} refused the request (${refused.message}); check B2_BUCKET and B2_PREFIX, and the state of the account there.`,
    options,
  );
}

export function refusedKey({ server }: B2Place, refused: Refused): ConfigError {
  return new ConfigError(
    `${server} refused the key in B2_KEY_ID and B2_APP_KEY; set one that is valid there and has not run out.`,
    { cause: refused },
  );
}

/** Keys that version 4 of the protocol has limited to buckets, even to one, are good for nothing older; nothing else makes this call fail so. */
export function newerKey({ server, bucket }: B2Place, refused: Refused): ConfigError {
  return new ConfigError(
    `${server} does not take the key in B2_KEY_ID over version 2 of its protocol (${refused.message}), as is so with keys that the b2 command or the API of today limits to buckets; make a key for the bucket "${bucket}" in Backblaze's web pages, under Application Keys, and set B2_KEY_ID and B2_APP_KEY to it.`,
    { cause: refused },
  );
}

export function wrongServer({ server, authorizeUrl }: B2Place): ConfigError {
  return new ConfigError(
    `${server} gave an answer that is not of B2's protocol; check ${authorizeUrl ? 'B2_AUTHORIZE_URL' : 'the network'}.`,
  );
}

const SILENT = new Set(['ERR_CANCELED', 'ECONNABORTED', 'ETIMEDOUT']);

function away({ status, code, retryAfter }: Refused, server: string): string {
  if (status === 0 && SILENT.has(code)) return `${server} did not answer in time; the archive is tried again later.`;
  if (status === 0) return `${server} cannot be reached${code && ` (${code})`}; check the network.`;
  if (status === 429 || retryAfter !== null)
    return `${server} is busy${retryAfter ? ` and asks for a pause of ${Math.ceil(retryAfter / SECOND)} s` : ''}; the archive is tried again later.`;
  return `${server} has a failure of its own (${status}); the archive is tried again later.`;
}
