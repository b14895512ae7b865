import type { Address } from '../config.ts';
import { AccessRefused, isForeseen, StoreUnreachable, WrongServer } from '../errors.ts';

/** Says in a sentence what a failed call to FalkorDB means; what is not about the connection is given back unchanged. */
export function explainFalkorDB(error: unknown, address: Address): Error {
  if (isForeseen(error)) return error;
  const text = error instanceof Error ? `${(error as { code?: string }).code ?? ''} ${error.message}` : String(error);
  const at = `${address.host}:${address.port}`;
  const cause = { cause: error };
  if (/WRONGPASS|NOAUTH|NOPERM|invalid username-password|without any password configured/i.test(text))
    return new AccessRefused(
      `FalkorDB at ${at} refused the user or the password; check FALKORDB_USERNAME and FALKORDB_PASSWORD.`,
      cause,
    );
  if (/unknown command/i.test(text))
    return new WrongServer(
      `The server at ${at} is a plain Redis or Valkey without the FalkorDB module; check FALKORDB_HOST and FALKORDB_PORT.`,
      cause,
    );
  if (/Unknown RESP type|Cannot parse|Invalid RESP|Protocol error/i.test(text))
    return new WrongServer(`What answers at ${at} is not FalkorDB; check FALKORDB_HOST and FALKORDB_PORT.`, cause);
  if (UNREACHABLE.test(text))
    return new StoreUnreachable(
      `FalkorDB at ${at} does not answer; start it (\`memory-manager up\` or \`docker compose up\`) or check FALKORDB_HOST and FALKORDB_PORT.`,
      cause,
    );
  return error instanceof Error ? error : new Error(text);
}

const UNREACHABLE =
  /ECONN|ENOTFOUND|EAI_AGAIN|EPIPE|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|Socket closed|Socket timeout|ConnectionTimeout|Connection timeout|client is (?:closed|offline)|ClientClosed|ClientOffline|DisconnectsClient|LOADING|All attempted|no answer within/i;
