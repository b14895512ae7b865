import type { Address } from '../config.ts';
import { AccessRefused, isForeseen, StoreUnreachable, WrongServer } from '../errors.ts';

/** Says in a sentence what a failed call to Valkey means; what is not about the connection is given back unchanged. */
export function explainValkey(error: unknown, address: Address): Error {
  if (isForeseen(error)) return error;
  const text = error instanceof Error ? `${(error as { code?: string }).code ?? ''} ${error.message}` : String(error);
  const at = `${address.host}:${address.port}`;
  const cause = { cause: error };
  if (/WRONGPASS|NOAUTH|NOPERM|invalid username-password/i.test(text))
    return new AccessRefused(
      `Valkey at ${at} refused the user or the password; check VALKEY_USERNAME and VALKEY_PASSWORD.`,
      cause,
    );
  if (/Unknown RESP type|Protocol error|unknown command|Unexpected token|invalid RESP/i.test(text))
    return new WrongServer(`What answers at ${at} is not Valkey; check VALKEY_HOST and VALKEY_PORT.`, cause);
  if (UNREACHABLE.test(text))
    return new StoreUnreachable(
      `Valkey at ${at} does not answer; start it (\`memory-manager up\` or \`docker compose up\`) or check VALKEY_HOST and VALKEY_PORT.`,
      cause,
    );
  if (/OOM command not allowed/i.test(text))
    return new StoreUnreachable(`Valkey at ${at} is out of memory; raise its maxmemory. Nothing was stored.`, cause);
  return error instanceof Error ? error : new Error(text);
}

const UNREACHABLE =
  /ECONN|ENOTFOUND|EAI_AGAIN|EPIPE|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|isn't writeable|Connection is closed|Command timed out|max retries per request|LOADING|no answer within/i;
