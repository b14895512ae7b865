import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { ArchiveUnavailableError } from '../../errors.ts';
import { MINUTE, SECOND } from '../../time.ts';

/*
 * How long calls to a store over the network may take, which failures are temporary, and when a call is tried again. The same for every
 * such store; each store interprets the refusals of its own service.
 */

/**
 * A failed call, without details of the request. The error objects of client packages contain the token, the request and a part of the
 * content, so they must not leave the module that makes the call.
 */
export class CallFailedError extends Error {
  override name = 'CallFailedError';
  /** Of HTTP; 0 without an answer. */
  readonly status: number;
  /** The service's error code, such as `expired_auth_token`, or the network's, such as ECONNRESET; empty for none. */
  readonly code: string;
  /** Pause requested by the server, in milliseconds; null for none. */
  readonly retryAfterMs: number | null;

  /** @param code shown only if it is a plain word: anything else might be a sentence with a token in it */
  constructor(status: number, code: unknown, retryAfterMs: number | null = null) {
    const word = typeof code === 'string' && /^[A-Za-z_]{1,40}$/.test(code) ? code : '';
    super([status || '', word].filter(Boolean).join(' ') || 'no answer');
    this.status = status;
    this.code = word;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Milliseconds. */
export interface CallPolicy {
  /** Until the answer to a call without content. */
  readonly callMs: number;
  /** Until a part is sent and answered. */
  readonly uploadMs: number;
  /** Between two sent or received chunks. */
  readonly silenceMs: number;
  /** Before the second attempt; doubles with each further one. */
  readonly firstPauseMs: number;
  /** When a server asks for a longer pause, the call fails and the queue tries the job again later. */
  readonly longestPauseMs: number;
}

export const DEFAULT_CALL_POLICY: CallPolicy = {
  callMs: 30 * SECOND,
  uploadMs: 5 * MINUTE,
  // Bytes that the operating system has taken over and still sends count as silence.
  silenceMs: 2 * MINUTE,
  firstPauseMs: 0.5 * SECOND,
  longestPauseMs: 1 * MINUTE,
};

/** As B2 asks of its callers. */
export const MAX_ATTEMPTS = 5;

/** Whether the same call may succeed a little later. */
export function isTemporary({ status }: CallFailedError): boolean {
  return status === 0 || status === 408 || status === 429 || status >= 500;
}

/**
 * Waits before the next attempt: as long as the server requested, and then with exponential backoff and jitter.
 * @param attempt number of the attempt that failed, from 1
 * @returns false, without waiting, when there is no further attempt
 */
export async function pauseBeforeRetry(
  attempt: number,
  { retryAfterMs }: CallFailedError,
  { firstPauseMs, longestPauseMs }: CallPolicy,
): Promise<boolean> {
  const requestedMs = retryAfterMs ?? 0;
  if (attempt >= MAX_ATTEMPTS || requestedMs > longestPauseMs) return false;
  const backoffMs = Math.min(firstPauseMs * 2 ** (attempt - 1), longestPauseMs);
  await sleep(requestedMs + backoffMs / 2 + (Math.random() * backoffMs) / 2);
  return true;
}

/** Milliseconds of a `Retry-After` header in seconds; null for none, and for a date. */
export function readRetryAfter(header: unknown): number | null {
  const seconds = Number(header ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * SECOND : null;
}

/** Destroys a stream on which nothing arrives for `silenceMs`. The time that the reader takes does not count. */
export async function* withIdleTimeout(stream: Readable, silenceMs: number): AsyncGenerator<Buffer> {
  const startTimer = () => setTimeout(() => stream.destroy(new CallFailedError(0, 'ETIMEDOUT')), silenceMs);
  let timer = startTimer();
  try {
    for await (const chunk of stream) {
      clearTimeout(timer);
      yield chunk as Buffer;
      timer = startTimer();
    }
  } finally {
    clearTimeout(timer);
  }
}

/** @param server begins the sentence */
export function unavailableError(failure: CallFailedError, server: string): ArchiveUnavailableError {
  return new ArchiveUnavailableError(unavailableMessage(failure, server), {
    cause: failure,
    retryAfterMs: failure.retryAfterMs,
  });
}

const TIMEOUT_CODES = new Set(['ERR_CANCELED', 'ECONNABORTED', 'ETIMEDOUT']);

function unavailableMessage({ status, code, retryAfterMs }: CallFailedError, server: string): string {
  if (status === 0 && TIMEOUT_CODES.has(code))
    return `${server} did not answer in time; the archive is tried again later.`;
  if (status === 0) return `${server} cannot be reached${code && ` (${code})`}; check the network.`;
  if (status === 429 || retryAfterMs !== null)
    return `${server} is busy${retryAfterMs ? ` and asks for a pause of ${Math.ceil(retryAfterMs / SECOND)} s` : ''}; the archive is tried again later.`;
  return `${server} reports an internal error (${status}); the archive is tried again later.`;
}
