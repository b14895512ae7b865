import { setTimeout as sleep } from 'node:timers/promises';
import { ArchiveUnavailableError, ConfigError, isForeseen } from '../../../errors.ts';
import { MINUTE, SECOND } from '../../../time.ts';
import type { B2Place } from './place.ts';

/**
 * How a call to B2 failed, and nothing else. The library's errors must go no further than here: they hold the token, the request and
 * a part of the content.
 */
export class Refused extends Error {
  override name = 'Refused';
  /** Of HTTP; 0 without an answer. */
  readonly status: number;
  /** B2's word, such as `expired_auth_token`, or the network's, such as ECONNRESET. */
  readonly code: string;
  /** Milliseconds requested by the server; null for none. */
  readonly retryAfter: number | null;

  constructor(status: number, code: string, retryAfter: number | null = null) {
    super([status || '', code].filter(Boolean).join(' ') || 'no answer');
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

interface CallError {
  readonly isAxiosError?: boolean;
  readonly code?: unknown;
  readonly response?: {
    readonly status?: number;
    readonly headers?: Record<string, unknown>;
    readonly data?: { readonly code?: unknown };
  };
}

/** @throws the error itself when it is a sentence of ours already, or a mistake of ours and no failure of a call */
export function refusedOf(error: unknown): Refused {
  if (error instanceof Refused) return error;
  const { isAxiosError, code, response } = (error ?? {}) as CallError;
  if (isForeseen(error) || !(isAxiosError || response || typeof code === 'string')) throw error;
  if (!response?.status) return new Refused(0, plain(code));
  const seconds = Number(response.headers?.['retry-after'] ?? Number.NaN);
  return new Refused(
    response.status,
    plain(response.data?.code),
    Number.isFinite(seconds) && seconds >= 0 ? seconds * SECOND : null,
  );
}

/** True when the same call may go well a little later. */
export function passes({ status }: Refused): boolean {
  return status === 0 || status === 408 || status === 429 || status >= 500;
}

/** True when the token has run out, and not the key's right to do this. */
export const isExpired = ({ status, code }: Refused): boolean =>
  status === 401 && (code === 'expired_auth_token' || code === 'bad_auth_token');

/** Anything that is not a plain word might be a sentence with a token in it. */
const plain = (code: unknown): string => (typeof code === 'string' && /^[A-Za-z_]{1,40}$/.test(code) ? code : '');

/** Explains a refusal in a sentence; of the server's answer it only shows status and code. */
export function failureOf(refused: Refused, { server }: B2Place): Error {
  const { status, code, retryAfter } = refused;
  const options = { cause: refused };
  if (passes(refused)) return new ArchiveUnavailableError(away(refused, server), { ...options, retryAfter });
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

/** Milliseconds. */
export interface Patience {
  /** Until the answer to a call without content. */
  readonly call: number;
  /** Until a part is sent and answered. */
  readonly upload: number;
  /** Between two sent or received chunks. */
  readonly silence: number;
  readonly firstPause: number;
  /** A server that asks for a longer one is left to the queue. */
  readonly longestPause: number;
}

export const PATIENCE: Patience = {
  call: 30 * SECOND,
  upload: 5 * MINUTE,
  // What the system has taken over and still sends is silence to us.
  silence: 2 * MINUTE,
  firstPause: 0.5 * SECOND,
  longestPause: 1 * MINUTE,
};

/** As B2 asks of its callers. */
export const TRIES = 5;

/** Waits before a retry: as long as the server requested, otherwise with exponential backoff and jitter. Returns false for no retry. */
export async function pausedFor(attempt: number, refused: Refused, patience: Patience): Promise<boolean> {
  if (!(passes(refused) || isExpired(refused)) || attempt >= TRIES) return false;
  const wait = Math.min(patience.firstPause * 2 ** (attempt - 1), patience.longestPause);
  const retryAfter = refused.retryAfter ?? 0;
  if (retryAfter > patience.longestPause) return false;
  await sleep(retryAfter + wait / 2 + (Math.random() * wait) / 2);
  return true;
}

/**
 * For `axiosOverride`: no more than `silence` milliseconds without a sign. Each call carries these itself, since another `new B2()` in
 * this process would replace settings given there.
 */
export function attentive(silence: number) {
  return {
    timeout: silence,
    // Tokens go to no other address.
    maxRedirects: 0,
    // The library would send again to the same upload URL, which B2 forbids.
    'axios-retry': { retries: 0 },
  };
}

/** The same, and all is over after `limit` milliseconds. */
export function limited(limit: number, silence = limit) {
  return { ...attentive(silence), signal: AbortSignal.timeout(limit) };
}
