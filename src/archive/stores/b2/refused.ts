import { isForeseen } from '../../../errors.ts';
import { SECOND } from '../../../time.ts';

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
  /** Milliseconds that the server asked for; null when it named none. */
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
