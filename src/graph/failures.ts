import type { Address } from '../config.ts';
import { StoreUnreachableError, TimedOutError, WrongServerError } from '../errors.ts';
import { locationSettings, storeLocation } from '../store-address.ts';
import { explainStore } from '../valkey/failures.ts';

/** Explains a failed call to FalkorDB in a sentence; errors that are not about the connection are returned unchanged. */
export function explainFalkorDBError(error: unknown, address: Address): Error {
  const at = storeLocation(address);
  if (isTooBusy(error))
    return new StoreUnreachableError(
      `FalkorDB at ${at} has as many queries waiting as its MAX_QUEUED_QUERIES allows; raise that setting or give it more threads.`,
      { cause: error },
    );
  if (isReply(error, /^Query timed out/))
    return new TimedOutError(
      `FalkorDB at ${at} ended a query that took longer than its TIMEOUT_MAX or TIMEOUT_DEFAULT allows; raise both to 25000 (ms) or set them to 0.`,
      { cause: error },
    );
  if (!(error instanceof Error && /unknown command/i.test(error.message)))
    return explainStore(error, 'FalkorDB', address);
  return new WrongServerError(
    `The server at ${at} is a plain Redis or Valkey without the FalkorDB module; check ${locationSettings('FalkorDB', address)}.`,
    { cause: error },
  );
}

/** True if FalkorDB did not start the query because too many others wait. */
export const isTooBusy = (error: unknown): boolean => isReply(error, /^Max pending queries exceeded/);

function isReply(error: unknown, message: RegExp): boolean {
  return error instanceof Error && error.name === 'ReplyError' && message.test(error.message);
}
