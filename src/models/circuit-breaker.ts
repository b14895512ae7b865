import { ConfigError, isFailure, ModelBusyError, ModelUnavailableError } from '../errors.ts';
import { MINUTE, SECOND } from '../time.ts';

/**
 * A circuit breaker (M. Nygard, Release It!, 2007) as plain data: each function below takes one and gives the next.
 * closed: every call is made. Several failures in a row, or one reply that asks callers to wait, open it.
 * open: no call is made until its time is over; then the next caller is let through as a probe.
 * half-open: one probe is running and no other call is let through. Its answer closes the breaker, its failure opens it for longer.
 * The result of a call that began before it opened counts only when it asks for a longer wait.
 */
export type Breaker =
  | { readonly state: 'closed'; readonly failures: number }
  | { readonly state: 'open'; readonly until: number; readonly openings: number; readonly reason: Error }
  | { readonly state: 'half-open'; readonly since: number; readonly openings: number; readonly reason: Error };

/** How a call may go on: made, made as the probe, or refused with the failure that opened the breaker. */
export type AdmitDecision = { readonly entry: 'call' | 'probe' } | { readonly entry: 'refused'; readonly error: Error };

export const CLOSED: Breaker = { state: 'closed', failures: 0 };

// More than chance: a server that fails on three calls of ten fails eight times in a row once in 20,000 calls.
const FAILURES_IN_A_ROW = 8;
const FIRST_OPENING = 1 * SECOND;
const LONGEST_OPENING = 30 * SECOND;
const LONGEST_REQUESTED_WAIT = 10 * MINUTE;
/** After this time a running probe is ignored and another caller is let through. */
const PROBE_ENDS_WITHIN = 2 * MINUTE;
/** The duration of a running probe is unknown. */
const RETRY_AFTER_PROBE = 1 * SECOND;

export function admitCall(breaker: Breaker, now: number): { readonly breaker: Breaker; readonly entry: AdmitDecision } {
  const probe = (openings: number, reason: Error) => ({
    breaker: { state: 'half-open', since: now, openings, reason } as const,
    entry: { entry: 'probe' } as const,
  });
  const refuse = (reason: Error, wait: number) => ({
    breaker,
    entry: { entry: 'refused', error: refusal(reason, wait) } as const,
  });
  switch (breaker.state) {
    case 'closed':
      return { breaker, entry: { entry: 'call' } };
    case 'open':
      if (now >= breaker.until) return probe(breaker.openings, breaker.reason);
      return refuse(breaker.reason, breaker.until - now);
    case 'half-open':
      if (now - breaker.since >= PROBE_ENDS_WITHIN) return probe(breaker.openings, breaker.reason);
      return refuse(breaker.reason, RETRY_AFTER_PROBE);
  }
}

/** The model answered. An unusable answer is due to the text, so other texts may still work. */
export function afterSuccess(breaker: Breaker, entry: 'call' | 'probe'): Breaker {
  return breaker.state === 'closed' || (breaker.state === 'half-open' && entry === 'probe') ? CLOSED : breaker;
}

/** A call failed in a way that the next call would also fail. */
export function afterFailure(breaker: Breaker, entry: 'call' | 'probe', error: Error, now: number): Breaker {
  const isBusy = isFailure(error, 'ModelBusyError');
  const open = (openings: number) => opened(error, openings, now);
  switch (breaker.state) {
    case 'closed':
      if (isBusy || breaker.failures + 1 >= FAILURES_IN_A_ROW) return open(1);
      return { state: 'closed', failures: breaker.failures + 1 };
    case 'open': {
      const reopened = isBusy ? open(breaker.openings) : breaker;
      return reopened.state === 'open' && reopened.until > breaker.until ? reopened : breaker;
    }
    case 'half-open':
      return entry === 'probe' || isBusy ? open(breaker.openings + 1) : breaker;
  }
}

/**
 * True for failures that the next call would meet too: no server, no quota, no valid key. An unusable reply or an unknown failure
 * may be due to this one text.
 */
export function isModelUnavailable(error: unknown): error is Error {
  return isFailure(error, 'ModelUnavailableError', 'ModelBusyError', 'ConfigError');
}

function opened(reason: Error, openings: number, now: number): Breaker {
  const { retryAfterMs = null } = reason as { retryAfterMs?: number | null };
  const backoffMs = Math.min(FIRST_OPENING * 2 ** (openings - 1), LONGEST_OPENING);
  return {
    state: 'open',
    until: now + Math.min(retryAfterMs ?? backoffMs, LONGEST_REQUESTED_WAIT),
    openings,
    reason,
  };
}

/** Of the same class as the error that opened the breaker, so that the job is treated as if it had made the call. */
function refusal(reason: Error, wait: number): Error {
  const options = { cause: reason, retryAfterMs: wait };
  if (isFailure(reason, 'ConfigError')) return new ConfigError(reason.message, options);
  return isFailure(reason, 'ModelBusyError')
    ? new ModelBusyError(reason.message, options)
    : new ModelUnavailableError(reason.message, options);
}
