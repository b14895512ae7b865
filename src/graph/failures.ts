import type { Address } from '../config.ts';
import { WrongServer } from '../errors.ts';
import { explainStore } from '../valkey/failures.ts';

/** Says in a sentence what a failed call to FalkorDB means; what is not about the connection is given back unchanged. */
export function explainFalkorDB(error: unknown, address: Address): Error {
  if (!(error instanceof Error && /unknown command/i.test(error.message)))
    return explainStore(error, 'FalkorDB', address);
  return new WrongServer(
    `The server at ${address.host}:${address.port} is a plain Redis or Valkey without the FalkorDB module; check FALKORDB_HOST and FALKORDB_PORT.`,
    { cause: error },
  );
}
