import { ConfigError, isOperationalError } from '../../../errors.ts';
import { CallFailedError, isTemporary, readRetryAfter, unavailableError } from '../remote-calls.ts';
import type { B2Location } from './location.ts';

/** An error of the library, as far as it is read. */
interface LibraryError {
  readonly isAxiosError?: boolean;
  readonly code?: unknown;
  readonly response?: {
    readonly status?: number;
    readonly headers?: Record<string, unknown>;
    readonly data?: { readonly code?: unknown };
  };
}

/** @throws the error itself if it is already one of our errors, or a programming error instead of a failed call */
export function toCallFailure(error: unknown): CallFailedError {
  if (error instanceof CallFailedError) return error;
  const { isAxiosError, code, response } = (error ?? {}) as LibraryError;
  if (isOperationalError(error) || !(isAxiosError || response || typeof code === 'string')) throw error;
  if (!response?.status) return new CallFailedError(0, code);
  return new CallFailedError(response.status, response.data?.code, readRetryAfter(response.headers?.['retry-after']));
}

/** True when the token has expired, false when the key lacks the right. */
export const isTokenExpired = ({ status, code }: CallFailedError): boolean =>
  status === 401 && (code === 'expired_auth_token' || code === 'bad_auth_token');

/** Whether an upload or a download continues with a new URL or token. */
export const isRetryable = (failure: CallFailedError): boolean => isTemporary(failure) || isTokenExpired(failure);

/** Explains a refusal in a sentence, which shows only status and code of the server's answer. */
export function b2ArchiveError(failure: CallFailedError, { server }: B2Location): Error {
  const { status, code } = failure;
  const options = { cause: failure };
  if (isTemporary(failure)) return unavailableError(failure, server);
  if (/(?:^|_)cap_exceeded$/.test(code))
    return new ConfigError(
      `${server} accepts no more data: the account of B2_KEY_ID has reached a cap (${code}); raise the cap there under Caps & Alerts, or remove old files.`,
      options,
    );
  if (status === 401)
    return new ConfigError(
      `${server} does not let the key in B2_KEY_ID do this (${code || status}); check its capabilities and that it has not been deleted.`,
      options,
    );
  return new ConfigError(
    `${server} refused the request (${failure.message}); check B2_BUCKET and B2_PREFIX, and the state of the account there.`,
    options,
  );
}

export function invalidKeyError({ server }: B2Location, failure: CallFailedError): ConfigError {
  return new ConfigError(
    `${server} refused the key in B2_KEY_ID and B2_APP_KEY; set a valid key that has not expired.`,
    { cause: failure },
  );
}

/**
 * Keys that version 4 of the protocol limits to buckets, even to one, do not work with older versions. No other reason makes authorizing
 * fail in this way.
 */
export function newerKeyError({ server, bucket }: B2Location, failure: CallFailedError): ConfigError {
  return new ConfigError(
    `${server} does not take the key in B2_KEY_ID over version 2 of its protocol (${failure.message}), as with keys that the b2 command or the current API limits to buckets; make a key for the bucket "${bucket}" in Backblaze's web pages, under Application Keys, and set B2_KEY_ID and B2_APP_KEY to it.`,
    { cause: failure },
  );
}

export function wrongServerError({ server, authorizeUrl }: B2Location): ConfigError {
  return new ConfigError(
    `${server} gave an answer that is not of B2's protocol; check ${authorizeUrl ? 'B2_AUTHORIZE_URL' : 'the network'}.`,
  );
}
