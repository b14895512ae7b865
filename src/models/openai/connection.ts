import OpenAI from 'openai';
import type { OpenAISettings } from '../../config.ts';
import { ModelAway } from '../../errors.ts';
import { MINUTE, SECOND } from '../../time.ts';
import { failureOf } from './failures.ts';
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
/** Patience that was learnt goes no further. */
const LONGEST_BEGIN = 2 * MINUTE;

export interface ConnectionOptions {
  readonly limits?: Partial<Limits>;
}

/** What a call is given: `signal` ends it; the watch wants to be told what is heard meanwhile. */
export interface CallBounds {
  readonly signal: AbortSignal;
  readonly watch: Watch;
  readonly pause: number;
}

/** One model on one server. */
export interface Connection {
  readonly model: string;
  /** Makes one call. Throws `Interrupted` and what the `openai` package throws; `failure` tells it. */
  send<T>(
    call: (client: OpenAI, bounds: CallBounds) => PromiseLike<T>,
    options?: { readonly thinks?: boolean },
  ): Promise<T>;
  /** The failure as a user is told it: a sentence without key or content. */
  failure(error: unknown): Error;
  /** Gives up the calls under way. */
  close(): void;
}

/** @param setting the environment variable that names the model, for sentences */
export function openConnection(
  { apiKey, baseUrl }: OpenAISettings,
  model: string,
  setting: string,
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
  });
  const server = baseUrl === undefined ? 'OpenAI' : `The server at ${new URL(baseUrl).host}`;
  // A slow server and one that is gone are silent alike. The next call waits twice as long, so that the slow one is not given up
  // for ever, and paid each time; and no longer than before once an answer has begun soon.
  let patience = 0;

  async function send<T>(
    call: (client: OpenAI, bounds: CallBounds) => PromiseLike<T>,
    { thinks = false }: { readonly thinks?: boolean } = {},
  ): Promise<T> {
    if (closing.signal.aborted) throw new ModelAway(`The model ${model} is closed and answers no more.`);
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

  return {
    model,
    send,
    failure: (error) =>
      failureOf(error, { server, model, setting, closed: closing.signal.aborted, ownKey: apiKey !== undefined }),
    close: () => closing.abort(),
  };
}
