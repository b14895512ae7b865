import OpenAI from 'openai';
import type { ModelServer } from '../../config.ts';
import { ModelUnavailableError } from '../../errors.ts';
import { MINUTE, SECOND } from '../../time.ts';
import { fetchWithErrorBodies } from './error-bodies.ts';
import { type CallDetails, failureOf, isServerFailure, textFailure } from './failures.ts';
import { openSuspects } from './suspects.ts';
import { openWatch, type Watch } from './watch.ts';

const OPENAI = 'https://api.openai.com/v1';

/** Milliseconds. */
export interface Limits {
  /** Silence until the answer begins. A connection that leads nowhere any more is noticed by then. */
  readonly begin: number;
  /** The same where a model thinks first, or the answer comes in one piece. */
  readonly think: number;
  /** Silence in the middle of the answer. */
  readonly pause: number;
  /** All of it. */
  readonly whole: number;
}

const LIMITS: Limits = { begin: 25 * SECOND, think: 1 * MINUTE, pause: 20 * SECOND, whole: 3 * MINUTE };
/** Upper bound of the learned limit. */
const LONGEST_BEGIN = 2 * MINUTE;

export interface ConnectionOptions {
  readonly limits?: Partial<Limits>;
}

/** What a call is given: `signal` ends it; call `watch.heard()` whenever data arrives. */
export interface CallBounds {
  readonly signal: AbortSignal;
  readonly watch: Watch;
  readonly pause: number;
}

/** What was asked when a call failed. */
export interface FailedRequest {
  readonly text: string;
  /** A call so small that it goes well wherever the server does. */
  readonly probe: () => Promise<unknown>;
}

/** One model on one server. */
export interface Connection {
  readonly model: string;
  /** Makes one call. Throws `Interrupted` and what the `openai` package throws; `failure` turns it into a sentence. */
  send<T>(
    call: (client: OpenAI, bounds: CallBounds) => PromiseLike<T>,
    options?: { readonly thinks?: boolean },
  ): Promise<T>;
  /** The failure of a call as a sentence for users, without key or content. Asks the server once more when the text may be at fault. */
  failure(error: unknown, request: FailedRequest): Promise<Error>;
  /** This text was answered. */
  answered(text: string): void;
  /** Cancels the running calls. */
  close(): void;
}

/** @param names of the settings, for sentences */
export function openConnection(
  { apiKey, baseUrl }: ModelServer,
  model: string,
  names: CallDetails['names'],
  options: ConnectionOptions = {},
): Connection {
  const limits = { ...LIMITS, ...options.limits };
  const closing = new AbortController();
  const client = new OpenAI({
    // A server that wants no key still gets one: the package insists, and such servers do not look.
    apiKey: apiKey ?? 'none',
    baseURL: baseUrl ?? OPENAI,
    adminAPIKey: null,
    // The queue tries again, and knows how often and when.
    maxRetries: 0,
    // The watch ends calls sooner.
    timeout: limits.whole + SECOND,
    logLevel: 'off',
    fetch: fetchWithErrorBodies,
  });
  const server = baseUrl === undefined ? 'OpenAI' : `The server at ${new URL(baseUrl).host}`;
  // A slow server and an unreachable one look the same. The next call waits twice as long, so that the slow one is not abandoned
  // (and paid for) every time. The wait returns to normal once an answer begins early.
  let patience = 0;
  const suspects = openSuspects();

  async function send<T>(
    call: (client: OpenAI, bounds: CallBounds) => PromiseLike<T>,
    { thinks = false }: { readonly thinks?: boolean } = {},
  ): Promise<T> {
    if (closing.signal.aborted) throw new ModelUnavailableError(`The model ${model} is closed and answers no more.`);
    const begin = Math.max(thinks ? limits.think : limits.begin, patience);
    const watch = openWatch(closing.signal, begin, limits.whole);
    try {
      const answer = await call(client, { signal: watch.signal, watch, pause: limits.pause });
      watch.heard();
      patience = Math.min(2 * watch.slowest(), LONGEST_BEGIN);
      return answer;
    } catch (error) {
      const interrupted = watch.interrupted();
      if (interrupted?.by === 'silent') patience = Math.max(patience, Math.min(2 * begin, LONGEST_BEGIN));
      throw interrupted ?? error;
    } finally {
      watch.end();
    }
  }

  async function failure(error: unknown, { text, probe }: FailedRequest): Promise<Error> {
    const details: CallDetails = { server, model, names, closed: closing.signal.aborted, ownKey: apiKey !== undefined };
    if (isServerFailure(error) && (await suspects.isAtFault(text, probe))) return textFailure(error, details);
    return failureOf(error, details);
  }

  return {
    model,
    send,
    failure,
    answered: suspects.answered,
    close: () => closing.abort(),
  };
}
