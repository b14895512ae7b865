import B2 from 'backblaze-b2';
import type { Metrics } from '../../../telemetry/metrics.ts';
import { type Account, authorize, type Capability, checkCapability } from './authorize.ts';
import { failureOf, isExpired, type Patience, passes, pausedFor, refusedOf } from './failures.ts';
import type { B2Place } from './place.ts';

/** Calls to B2 by its rules, on one token that all share. */
export interface Session {
  readonly b2: B2;
  readonly place: B2Place;
  readonly patience: Patience;
  readonly metrics: Metrics | undefined;
  /**
   * Makes a call, again when it failed in passing: five times at most. A token that has run out is renewed once.
   * @throws ConfigError, ArchiveUnavailableError
   */
  ask<T>(needed: Capability, call: (b2: B2, account: Account) => Promise<T>): Promise<T>;
}

export function openSession(place: B2Place, patience: Patience, metrics?: Metrics): Session {
  const b2 = new B2({ applicationKeyId: place.keyId, applicationKey: place.appKey, retry: { retries: 0 } });
  let authorized: Promise<Account> | undefined;

  function forget(token: Promise<Account>): void {
    // Unless another call has renewed it meanwhile.
    if (authorized === token) authorized = undefined;
  }

  async function once<T>(
    token: Promise<Account>,
    needed: Capability,
    call: (account: Account) => Promise<T>,
  ): Promise<T> {
    const account = await token.catch((error: unknown) => {
      forget(token);
      throw error;
    });
    checkCapability(account, needed);
    return call(account);
  }

  return {
    b2,
    place,
    patience,
    metrics,
    async ask(needed, call) {
      for (let attempt = 1, renewed = false; ; attempt += 1) {
        authorized ??= authorize(b2, place, patience);
        const token = authorized;
        try {
          return await once(token, needed, (account) => call(b2, account));
        } catch (error) {
          const refused = refusedOf(error);
          // The bucket's data may be outdated too.
          if (!passes(refused)) forget(token);
          if (isExpired(refused) && !renewed) renewed = true;
          else if (isExpired(refused) || !(await pausedFor(attempt, refused, patience)))
            throw failureOf(refused, place);
        }
      }
    },
  };
}
