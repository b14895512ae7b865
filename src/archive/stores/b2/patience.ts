import { setTimeout as sleep } from 'node:timers/promises';
import { MINUTE, SECOND } from '../../../time.ts';
import { isExpired, passes, type Refused } from './refused.ts';

/** Milliseconds. */
export interface Patience {
  /** Until an answer to a call without content is there. */
  readonly call: number;
  /** Until a part is sent and answered. */
  readonly upload: number;
  /** Between two pieces of what is sent or received. */
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

/** Waits before the next try: as long as the server asked for, else twice as long each time, half of it by chance. False: do not try again. */
export async function pausedFor(attempt: number, refused: Refused, patience: Patience): Promise<boolean> {
  if (!(passes(refused) || isExpired(refused)) || attempt >= TRIES) return false;
  const wait = Math.min(patience.firstPause * 2 ** (attempt - 1), patience.longestPause);
  const told = refused.retryAfter ?? 0;
  if (told > patience.longestPause) return false;
  await sleep(told + wait / 2 + (Math.random() * wait) / 2);
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
