import type { Address } from '../config.ts';
import { AccessRefused, isForeseen, StoreUnreachable, WrongServer } from '../errors.ts';

export type Store = 'Valkey' | 'FalkorDB';

/**
 * Says in a sentence what a failed call to a store means; what is not about the connection is given back unchanged. Both
 * stores are asked over ioredis, so their failures look alike.
 */
export function explainStore(error: unknown, store: Store, address: Address): Error {
  if (isForeseen(error)) return error;
  const text = error instanceof Error ? `${(error as { code?: string }).code ?? ''} ${error.message}` : String(error);
  const at = `${store} at ${address.host}:${address.port}`;
  const setting = (name: string) => `${store.toUpperCase()}_${name}`;
  const cause = { cause: error };
  if (REFUSED.test(text))
    return new AccessRefused(
      `${at} refused the user or the password; check ${setting('USERNAME')} and ${setting('PASSWORD')}.`,
      cause,
    );
  if (FOREIGN.test(text))
    return new WrongServer(
      `What answers at ${address.host}:${address.port} is not ${store}; check ${setting('HOST')} and ${setting('PORT')}.`,
      cause,
    );
  if (AWAY.test(text))
    return new StoreUnreachable(
      `${at} does not answer; start it (\`memory-manager up\` or \`docker compose up\`) or check ${setting('HOST')} and ${setting('PORT')}.`,
      cause,
    );
  if (text.includes('OOM command not allowed'))
    return new StoreUnreachable(`${at} is out of memory; raise its maxmemory. Nothing was stored.`, cause);
  return error instanceof Error ? error : new Error(text);
}

export function explainValkey(error: unknown, address: Address): Error {
  return explainStore(error, 'Valkey', address);
}

const REFUSED = /WRONGPASS|NOAUTH|NOPERM|invalid username-password|without any password configured/i;
const FOREIGN = /Unknown RESP type|Protocol error|unknown command|Unexpected token|invalid RESP/i;
const AWAY =
  /ECONN|ENOTFOUND|EAI_AGAIN|EPIPE|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|isn't writeable|Connection is closed|Command timed out|max retries per request|LOADING|no answer within/i;
