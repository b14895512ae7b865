import OpenAI from 'openai';
import type { OpenAISettings } from '../../config.ts';
import { ModelAway } from '../../errors.ts';
import { SECOND } from '../../time.ts';
import { failureOf } from './failures.ts';

const OPENAI = 'https://api.openai.com/v1';
const TIMEOUT = 60 * SECOND;

export interface ConnectionOptions {
  /** Milliseconds that one call may take. */
  readonly timeout?: number;
}

/** One model on one server. */
export interface Connection {
  readonly model: string;
  /** Makes one call, which `options` ends when the connection is closed. Throws what the `openai` package throws; `failure` tells it. */
  send<T>(call: (client: OpenAI, options: { signal: AbortSignal }) => PromiseLike<T>): Promise<T>;
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
  { timeout = TIMEOUT }: ConnectionOptions = {},
): Connection {
  const closing = new AbortController();
  const client = new OpenAI({
    // A server that wants no key still gets one: the package insists, and such servers do not look.
    apiKey: apiKey ?? 'none',
    baseURL: baseUrl ?? OPENAI,
    adminAPIKey: null,
    // The queue tries again, and knows how often and when.
    maxRetries: 0,
    timeout,
    logLevel: 'off',
  });
  const server = baseUrl === undefined ? 'OpenAI' : `The server at ${new URL(baseUrl).host}`;
  return {
    model,
    async send(call) {
      if (closing.signal.aborted) throw new ModelAway(`The model ${model} is closed and answers no more.`);
      return await call(client, { signal: closing.signal });
    },
    failure: (error) =>
      failureOf(error, {
        server,
        model,
        setting,
        timeout,
        closed: closing.signal.aborted,
        ownKey: apiKey !== undefined,
      }),
    close: () => closing.abort(),
  };
}
