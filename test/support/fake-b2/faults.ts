import type { Operation } from './protocol.ts';

export type Fault = (
  | { readonly kind: 'refuse'; readonly status: number; readonly code?: string; readonly retryAfter?: number }
  /** The connection breaks after this number of bytes of the request body. */
  | { readonly kind: 'reset'; readonly after?: number }
  /** The server carries out the request, and the connection breaks before the reply. */
  | { readonly kind: 'lost-answer' }
  /** The connection breaks, or falls silent, after this number of bytes of the response body. */
  | { readonly kind: 'reset-in-answer' | 'silent-in-answer'; readonly after: number }
  | { readonly kind: 'silence' }
  /** Delay in milliseconds before each chunk of the request body is read, or before the first `pieces` chunks only. */
  | { readonly kind: 'slow'; readonly ms: number; readonly pieces?: number }
) & {
  /** The call that fails. Default: any. */
  readonly on?: Operation;
};

/** Faults that wait for their call, in order. */
export function openFaults() {
  const waiting: Fault[] = [];
  return {
    add: (...faults: Fault[]) => void waiting.push(...faults),
    take(operation: Operation): Fault | undefined {
      const index = waiting.findIndex(({ on = operation }) => on === operation);
      return index < 0 ? undefined : waiting.splice(index, 1)[0];
    },
    clear: () => void waiting.splice(0),
  };
}

const CODES: Record<number, string> = {
  400: 'bad_request',
  401: 'expired_auth_token',
  403: 'cap_exceeded',
  408: 'request_timeout',
  429: 'too_many_requests',
  500: 'internal_error',
  503: 'service_unavailable',
};

export const codeOf = (status: number): string => CODES[status] ?? 'bad_request';
