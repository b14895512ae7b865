import OpenAI from 'openai';
import { ModelUnavailableError } from '../../errors.ts';
import { MINUTE, SECOND } from '../../time.ts';
import type { ModelServer } from '../declarations.ts';
import { openFailingTexts } from '../server/failing-texts.ts';
import { startWatchdog, type Watchdog } from '../server/watchdog.ts';
import { type CallDetails, fetchWithErrorBodies, isServerFailure, toModelError, toTextError } from './failures.ts';

const OPENAI = 'https://api.openai.com/v1';

/** Milliseconds. */
export interface CallLimits {
  /** Silence until the answer begins; this is how a dead connection is noticed. */
  readonly begin: number;
  /** The same for a model that thinks first, and for an answer in one piece. */
  readonly think: number;
  /** Silence in the middle of the answer. */
  readonly pause: number;
  /** The whole answer. */
  readonly whole: number;
}

const LIMITS: CallLimits = { begin: 25 * SECOND, think: 1 * MINUTE, pause: 20 * SECOND, whole: 3 * MINUTE };
/** Upper bound of the learned limit. */
const LONGEST_BEGIN = 2 * MINUTE;

export interface ConnectionOptions {
  readonly limits?: Partial<CallLimits>;
}

/** The limits of a call: `signal` ends it; call `watchdog.heard()` whenever data arrives. */
export interface CallBounds {
  readonly signal: AbortSignal;
  readonly watchdog: Watchdog;
  readonly pause: number;
}

/** The request of a failed call. */
export interface FailedRequest {
  readonly text: string;
  /** A small call that succeeds whenever the server works. */
  readonly probe: () => Promise<unknown>;
}

/** One model on one server. */
export interface ModelConnection {
  readonly model: string;
  /** Makes one call. Throws `InterruptedError` and the errors of the `openai` package; `failure` turns them into errors for users. */
  send<T>(
    call: (client: OpenAI, bounds: CallBounds) => PromiseLike<T>,
    options?: { readonly thinks?: boolean },
  ): Promise<T>;
  /** The failure of a call as an error for users, without key or content. Calls the server once more if the text may be the cause. */
  failure(error: unknown, request: FailedRequest): Promise<Error>;
  /** This text was answered. */
  answered(text: string): void;
  /** Cancels the running calls. */
  close(): void;
}

/** @param names of the settings, for sentences */
export function openModelConnection(
  { apiKey, baseUrl }: ModelServer,
  model: string,
  names: CallDetails['names'],
  options: ConnectionOptions = {},
): ModelConnection {
  const limits = { ...LIMITS, ...options.limits };
  const closing = new AbortController();
  const client = new OpenAI({
    // The package insists on a key; servers that need none ignore it.
    apiKey: apiKey ?? 'none',
    baseURL: baseUrl ?? OPENAI,
    adminAPIKey: null,
    // The queue retries, and decides how often and when.
    maxRetries: 0,
    // The watchdog ends calls sooner.
    timeout: limits.whole + SECOND,
    logLevel: 'off',
    fetch: fetchWithErrorBodies,
  });
  const server = baseUrl === undefined ? 'OpenAI' : `The server at ${new URL(baseUrl).host}`;
  // A slow server and an unreachable one look the same. The next call waits twice as long, so that the answer of a slow server is not
  // cancelled (and paid for) every time. The limit returns to normal once an answer begins early.
  let patience = 0;
  const failingTexts = openFailingTexts();

  async function send<T>(
    call: (client: OpenAI, bounds: CallBounds) => PromiseLike<T>,
    { thinks = false }: { readonly thinks?: boolean } = {},
  ): Promise<T> {
    if (closing.signal.aborted) throw new ModelUnavailableError(`The model ${model} is closed.`);
    const begin = Math.max(thinks ? limits.think : limits.begin, patience);
    const watchdog = startWatchdog(closing.signal, begin, limits.whole);
    try {
      const answer = await call(client, { signal: watchdog.signal, watchdog, pause: limits.pause });
      watchdog.heard();
      patience = Math.min(2 * watchdog.slowest(), LONGEST_BEGIN);
      return answer;
    } catch (error) {
      const interrupted = watchdog.interrupted();
      if (interrupted?.by === 'silent') patience = Math.max(patience, Math.min(2 * begin, LONGEST_BEGIN));
      throw interrupted ?? error;
    } finally {
      watchdog.end();
    }
  }

  async function failure(error: unknown, { text, probe }: FailedRequest): Promise<Error> {
    const details: CallDetails = { server, model, names, closed: closing.signal.aborted, ownKey: apiKey !== undefined };
    if (isServerFailure(error) && (await failingTexts.isAtFault(text, probe))) return toTextError(error, details);
    return toModelError(error, details);
  }

  return {
    model,
    send,
    failure,
    answered: failingTexts.answered,
    close: () => closing.abort(),
  };
}
