import B2 from 'backblaze-b2';
import type { Metrics } from '../../../telemetry/metrics.ts';
import { type CallPolicy, isTemporary, pauseBeforeRetry } from '../remote-calls.ts';
import { authorize, type B2Account, type Capability, checkCapability } from './authorize.ts';
import { b2ArchiveError, isTokenExpired, toCallFailure } from './failures.ts';
import type { B2Location } from './location.ts';

/** Calls to B2 with a shared token. */
export interface B2Session {
  readonly b2: B2;
  readonly place: B2Location;
  readonly policy: CallPolicy;
  readonly metrics: Metrics | undefined;
  /**
   * Makes a call, and again after a temporary failure: five times at most. An expired token is renewed once.
   * @throws ConfigError, ArchiveUnavailableError
   */
  ask<T>(needed: Capability, call: (b2: B2, account: B2Account) => Promise<T>): Promise<T>;
}

export function openB2Session(place: B2Location, policy: CallPolicy, metrics?: Metrics): B2Session {
  const b2 = new B2({ applicationKeyId: place.keyId, applicationKey: place.appKey, retry: { retries: 0 } });
  let authorized: Promise<B2Account> | undefined;

  function forget(token: Promise<B2Account>): void {
    // Unless another call has renewed it meanwhile.
    if (authorized === token) authorized = undefined;
  }

  async function once<T>(
    token: Promise<B2Account>,
    needed: Capability,
    call: (account: B2Account) => Promise<T>,
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
    policy,
    metrics,
    async ask(needed, call) {
      for (let attempt = 1, renewed = false; ; attempt += 1) {
        authorized ??= authorize(b2, place, policy);
        const token = authorized;
        try {
          return await once(token, needed, (account) => call(b2, account));
        } catch (error) {
          const failure = toCallFailure(error);
          // The bucket's data may be outdated too.
          if (!isTemporary(failure)) forget(token);
          if (isTokenExpired(failure) && !renewed) renewed = true;
          else if (!isTemporary(failure) || !(await pauseBeforeRetry(attempt, failure, policy)))
            throw b2ArchiveError(failure, place);
        }
      }
    },
  };
}
