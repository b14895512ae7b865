import type { Address } from '../config.ts';
import { AccessRefusedError, isOperationalError, StoreUnreachableError, WrongServerError } from '../errors.ts';
import { locationSettings, storeLocation } from '../store-address.ts';

export type StoreKind = 'Valkey' | 'FalkorDB';

/**
 * Explains a failed call to a store in a sentence; errors that are not about the connection are returned unchanged. Both
 * stores are called through ioredis, so their failures look alike.
 */
export function explainStore(error: unknown, store: StoreKind, address: Address): Error {
  if (isOperationalError(error)) return error;
  // A transaction fails because of one of its commands, whose error has the reason.
  const [first] = (error as { previousErrors?: readonly unknown[] } | null)?.previousErrors ?? [];
  if (first !== undefined) return explainStore(first, store, address);
  const text = error instanceof Error ? `${(error as { code?: string }).code ?? ''} ${error.message}` : String(error);
  // A cluster's client keeps the reason why no node could be asked.
  const lastNodeError = (error as { lastNodeError?: unknown } | null)?.lastNodeError;
  if (lastNodeError) return explainStore(lastNodeError, store, address);
  const at = `${store} at ${storeLocation(address)}`;
  const place = locationSettings(store, address);
  const setting = (name: string) => `${store.toUpperCase()}_${name}`;
  const cause = { cause: error };
  if (REFUSED.test(text))
    return new AccessRefusedError(
      `${at} refused the user or the password; check ${setting('USERNAME')} and ${setting('PASSWORD')}.`,
      cause,
    );
  if (DENIED.test(text)) return deniedError(error, text, `${at} does not let its user`, cause);
  const topology = wrongTopology(text, store, address);
  if (topology) return new WrongServerError(topology, cause);
  if (FOREIGN.test(text))
    return new WrongServerError(`The server at ${storeLocation(address)} is not ${store}; check ${place}.`, cause);
  if (LOADING.test(text)) return new StoreUnreachableError(`${at} is loading its data.`, cause);
  if (AWAY.test(text))
    return new StoreUnreachableError(
      `${at} does not answer; ${address.topology ? 'start it' : 'start it (`memory-manager up` or `docker compose up`)'} or check ${place}.`,
      cause,
    );
  if (text.includes('OOM command not allowed'))
    return new StoreUnreachableError(`${at} is out of memory and accepts no more data; raise its maxmemory.`, cause);
  if (UNWRITTEN.test(text))
    return new StoreUnreachableError(
      `${at} cannot write to its disk, so it accepts no writes; its log says why.`,
      cause,
    );
  if (TOO_FEW_REPLICAS.test(text))
    return new StoreUnreachableError(
      `${at} has fewer good replicas than its min-replicas-to-write demands, so it accepts no writes.`,
      cause,
    );
  if (REPLICA.test(text)) return replicaError(store, address, cause);
  return error instanceof Error ? error : new Error(text);
}

export function isFalkorDBError(address: Address): WrongServerError {
  return new WrongServerError(
    `The server at ${storeLocation(address)} is FalkorDB, which cannot also hold the queue; set ${locationSettings('Valkey', address)} to a separate Valkey.`,
  );
}

/** The password is right, but the user lacks a right. Servers name the command, but not the key. */
function deniedError(error: unknown, text: string, start: string, cause: ErrorOptions): AccessRefusedError {
  const [, command] = /['"]([\w.|-]+)['"] command/i.exec(text) ?? [];
  const { name, args } = (error as { command?: { name?: string; args?: unknown[] } }).command ?? {};
  const key = String(args?.[/^(?:eval|evalsha)$/i.test(name ?? '') ? 2 : 0] ?? '');
  const what = command
    ? `run ${command.toUpperCase().replace('|', ' ')}`
    : `use the ${/channel/.test(text) ? 'channel' : 'key'} ${key ? `"${key}"` : 'that it was asked for'}`;
  return new AccessRefusedError(`${start} ${what}; grant that (docs/configuration.md lists the rights).`, cause);
}

export function replicaError(store: StoreKind, address: Address, options?: ErrorOptions): StoreUnreachableError {
  const remedy = address.topology
    ? 'a new primary is probably being chosen'
    : `set ${locationSettings(store, address)} to its primary`;
  return new StoreUnreachableError(
    `${store} at ${storeLocation(address)} is a replica and accepts no writes; ${remedy}.`,
    options,
  );
}

/** What the settings and the servers disagree about; undefined for another failure. */
function wrongTopology(text: string, store: StoreKind, address: Address): string | undefined {
  const name = store.toUpperCase();
  if (/cluster support disabled/.test(text))
    return `${store} at ${storeLocation(address)} does not run as a cluster; set ${name}_HOST and ${name}_PORT, or with ${name}_NODES also ${name}_SENTINEL_NAME.`;
  if (/unknown command '?sentinel/i.test(text))
    return `${storeLocation(address).replace(/^.* of the sentinels/, 'No sentinel answers at')}; set ${name}_NODES to the sentinels, not to the servers that they watch.`;
  if (SLOTS.test(text))
    return `${store} at ${storeLocation(address)} spreads the keys of the queues over several nodes; set MEMORY_QUEUE_PREFIX to a name in braces, like {memory}.`;
  if (!address.topology && /^ ?(?:ERR [^\n]*-)?(?:MOVED|ASK) /.test(text)) return clusterNodeSentence(store, address);
  return undefined;
}

export function clusterNodeSentence(store: StoreKind, address: Address): string {
  const at = `The server at ${storeLocation(address)} is a node of a cluster`;
  return store === 'Valkey'
    ? `${at}; set VALKEY_NODES to some of its nodes instead of VALKEY_HOST and VALKEY_PORT.`
    : `${at}; FalkorDB is used as one server or behind sentinels.`;
}

export function explainValkey(error: unknown, address: Address): Error {
  return explainStore(error, 'Valkey', address);
}

/**
 * True for errors of Valkey or its client about the connection or the whole server. For callers that see errors of any kind: other errors
 * may contain the same words, in a text or in a query.
 */
export function isAboutServer(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.name === 'ReplyError' ? OF_SERVER.test(error.message) : OF_CLIENT.test(error.message);
}

/** The code at the start of a refusal; older servers put the place in a script before it. WAIT has no code for a server that is a replica. */
const OF_SERVER =
  /^(?:(?:ERR [^\n]*@user_script[^\n]*-)?(?:WRONGPASS|NOAUTH|NOPERM|OOM|MISCONF|READONLY|UNBLOCKED|NOREPLICAS|EXECABORT|LOADING|MASTERDOWN|CLUSTERDOWN|MOVED|ASK|TRYAGAIN) |ERR WAIT cannot be used with replica)/;
const OF_CLIENT =
  /^(?:Connection is closed|Command timed out|Socket timeout|Stream isn't writeable|Reached the max retries per request|Too many Cluster redirections|Failed to refresh slots cache|None of startup nodes|Cluster isn't ready|Cluster is ended|All sentinels are unreachable|no answer within)/;
const UNWRITTEN = /^ ?(?:ERR [^\n]*-)?MISCONF /;
const TOO_FEW_REPLICAS = /^ ?(?:ERR [^\n]*-)?NOREPLICAS /;
const SLOTS = /^ ?(?:ERR [^\n]*-)?CROSSSLOT |should belong to the same slots allocation group/;
const LOADING = /^ ?(?:ERR [^\n]*-)?LOADING /;
const REPLICA = /^ ?(?:(?:ERR [^\n]*-)?(?:READONLY|UNBLOCKED) |ERR WAIT cannot be used with replica)/;

const DENIED = /NOPERM/;
const REFUSED = /WRONGPASS|NOAUTH|invalid username-password|without any password configured/i;
const FOREIGN = /Unknown RESP type|Protocol error|unknown command|Unexpected token|invalid RESP/i;
const AWAY =
  /ECONN|ENOTFOUND|EAI_AGAIN|EPIPE|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|isn't writeable|Connection is closed|Command timed out|Socket timeout|max retries per request|Too many Cluster redirections|Failed to refresh slots cache|None of startup nodes|Cluster isn't ready|Cluster is ended|All sentinels are unreachable|TRYAGAIN|MASTERDOWN|CLUSTERDOWN|no answer within/i;
