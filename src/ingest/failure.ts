import * as errors from '../errors.ts';
import { harmless } from '../telemetry/harmless.ts';

/** A failure as one worker tells it to another. */
export interface ToldFailure {
  readonly name: string;
  readonly message: string;
  /** Milliseconds that a model's server asked for. */
  readonly retryAfter?: number | undefined;
}

export function toldFailure(error: unknown): ToldFailure {
  if (!errors.isForeseen(error)) return harmless(error);
  const { name, message } = error;
  const { retryAfter } = error as Partial<errors.ModelBusy>;
  return { name, message, ...(typeof retryAfter === 'number' && { retryAfter }) };
}

/** The same failure, of the same class, for those who were not there. */
export function failureTold({ name, message, retryAfter }: ToldFailure): Error {
  const known: unknown = (errors as Record<string, unknown>)[name];
  if (name === 'ModelBusy') return new errors.ModelBusy(message, { retryAfter: retryAfter ?? null });
  return typeof known === 'function' && known.prototype instanceof Error
    ? new (known as new (message: string) => Error)(message)
    : new Error(message);
}
